import './api/no-eval.ts';
import './styles/tokens.css';
import './styles/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { createServices, ServicesContext } from './services.ts';

const root = document.querySelector('#root');
if (!root) throw new Error('index.html lacks #root');

const services = createServices();
createRoot(root).render(
  <StrictMode>
    <ServicesContext value={services}>
      <App />
    </ServicesContext>
  </StrictMode>,
);
