import { readModules, type Modules } from '../host/code.ts';

/** What every guest's realm is made of: a script that gives it its globals, and the SDK that a program may import. */
export type RealmModules = { script: string; sdk: { entry: string; sources: Modules } };

let prepared: RealmModules | undefined;

/** Read once in the life of the server. */
export function realmModules(): RealmModules {
  if (prepared) return prepared;
  const sdk = 'sdk/src/index.ts';
  const sources = readModules('compute/src/javascript/realm/start.ts');
  prepared = { script: toScript(sources), sdk: { entry: `freehold:///${sdk}`, sources: readModules(sdk) } };
  return prepared;
}

/**
 * Our own modules as one script, whose value is what the first of them exports. A script that was compiled once runs in any number
 * of realms; modules would be compiled for each. It understands the two forms of imports and exports that the modules have.
 */
export function toScript(sources: Modules): string {
  const placed = new Map<string, string>();
  const place = (url: string): string => {
    const known = placed.get(url);
    if (known !== undefined) return known;
    const name = `module${placed.size}`;
    placed.set(url, name);
    const names: string[] = [];
    const body = (sources[url] ?? '')
      .replace(
        /^import \{([^}]*)\} from '([^']+)';$/gm,
        (_, imported: string, specifier: string) => `const {${imported}} = ${place(new URL(specifier, url).href)}();`,
      )
      .replace(/^export ((?:async )?function|const|class) (\w+)/gm, (_, kind: string, exported: string) => {
        names.push(exported);
        return `${kind} ${exported}`;
      });
    const unknown = /^(?:import|export)\b.*/m.exec(body)?.[0];
    if (unknown !== undefined) throw new Error(`${url} has a line that cannot stand in the script of a realm: ${unknown}`);
    parts.push(
      `let ${name}Value;\nfunction ${name}() {\n  return ${name}Value ??= (() => {\n${body}\nreturn { ${names.join(', ')} };\n})();\n}`,
    );
    return name;
  };
  const parts: string[] = [];
  const [first = ''] = Object.keys(sources);
  const entry = place(first);
  return `'use strict';\n(() => {\n${parts.join('\n')}\nreturn ${entry}();\n})();\n`;
}
