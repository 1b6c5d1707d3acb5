import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The node serves `dist` as it is, under a policy without inline scripts, inline styles and eval (facts: mcp-ai-auth-ops §3.5). */
export default defineConfig({
  base: '/',
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // Browsers that know light-dark() and CSS nesting, on which the token sheet is built.
    target: ['chrome123', 'edge123', 'firefox121', 'safari17.5'],
    modulePreload: { polyfill: false },
    // A data: URL in a style sheet would need a wider policy, and a font or picture is better cached on its own.
    assetsInlineLimit: 0,
    // These do nothing when loaded but do not say so in their package.json: unsaid, all of the CBOR codec would come along.
    rolldownOptions: { treeshake: { moduleSideEffects: (id) => !/node_modules\/(cborg|multiformats|@ipld)\//.test(id) } },
  },
});
