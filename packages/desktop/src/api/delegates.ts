import { appPassword, authorizedApp, newAppPassword, type AuthorizedApp } from '@freehold/protocol';
import { nothing, type Request } from './request.ts';

export type AppPassword = ReturnType<typeof appPassword.parse>;
export type NewAppPassword = ReturnType<typeof newAppPassword.parse>;
export type { AuthorizedApp };

const passwords = { parse: (value: unknown): AppPassword[] => appPassword.array().parse(Object(value)['passwords']) };
const apps = { parse: (value: unknown): AuthorizedApp[] => authorizedApp.array().parse(Object(value)['apps']) };
const part = encodeURIComponent;

/** What acts for a person without being one: programs with passwords, and apps with permissions. */
export function createDelegatesApi(request: Request) {
  return {
    passwords: (): Promise<AppPassword[]> => request(passwords, '/api/app-passwords'),
    createPassword: (body: { label: string; access: 'read' | 'write' }): Promise<NewAppPassword> =>
      request(newAppPassword, '/api/app-passwords', { method: 'POST', body }),
    revokePassword: (id: string): Promise<void> => request(nothing, `/api/app-passwords/${part(id)}`, { method: 'DELETE' }),
    apps: (): Promise<AuthorizedApp[]> => request(apps, '/api/apps'),
    showOut: (app: string): Promise<void> => request(nothing, `/api/apps/${part(app)}`, { method: 'DELETE' }),
    withdraw: (app: string, permission: string): Promise<void> =>
      request(nothing, `/api/apps/${part(app)}/permissions/${part(permission)}`, { method: 'DELETE' }),
  };
}
