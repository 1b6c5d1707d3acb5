// Which way imports point (ARCHITECTURE.md). Fails on an import that is not drawn, past a door, or of an undeclared package.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtinModules } from 'node:module';

const root = join(import.meta.dirname, '..');

/** package → the workspace packages it may import. */
export const arrows: Record<string, readonly string[]> = {
  protocol: [],
  database: ['protocol'],
  contracts: ['protocol'],
  drive: ['database', 'protocol'],
  compute: ['database', 'protocol'],
  payments: ['contracts', 'database', 'protocol'],
  identity: ['database', 'protocol'],
  sdk: [],
  node: ['compute', 'contracts', 'database', 'drive', 'identity', 'payments', 'protocol'],
  cli: ['compute', 'identity', 'node', 'payments', 'protocol', 'sdk'],
  desktop: ['protocol'],
};

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"]([^'"]+)['"]/g;
const isBuiltin = (name: string) => name.startsWith('node:') || builtinModules.includes(name);
const packageName = (specifier: string) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

/** One sentence for each import that points the wrong way. */
export function checkArrows(): string[] {
  const faults: string[] = [];
  for (const [name, allowed] of Object.entries(arrows)) {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
    const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }));
    for (const file of globSync([`packages/${name}/**/*.{ts,tsx}`], { cwd: root, exclude: (path) => /node_modules|dist/.test(path) })) {
      const isTest = /\.test\.tsx?$|\/testing\//.test(file);
      for (const match of readFileSync(join(root, file), 'utf8').matchAll(importPattern)) {
        const specifier = match[1] ?? match[2] ?? match[3] ?? '';
        if (specifier.startsWith('@freehold/')) {
          const target = specifier.slice('@freehold/'.length);
          if (target.includes('/'))
            faults.push(`${file} imports ${specifier}, past the door of ${target.split('/')[0]}: use @freehold/${target.split('/')[0]}`);
          else if (!isTest && !allowed.includes(target))
            faults.push(`${file} imports @freehold/${target}: no arrow is drawn from ${name} to ${target}`);
        } else if (specifier.startsWith('.')) {
          const resolved = join(file, '..', specifier);
          if (!isTest && !resolved.startsWith(`packages/${name}/`)) faults.push(`${file} imports ${specifier}, outside its package`);
        } else if (
          !isTest &&
          !isBuiltin(specifier) &&
          !declared.has(packageName(specifier)) &&
          !declared.has(`@types/${packageName(specifier)}`)
        ) {
          faults.push(`${file} imports ${packageName(specifier)}, which packages/${name}/package.json does not declare`);
        }
      }
    }
  }
  return faults;
}

if (import.meta.main) {
  const faults = checkArrows();
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
