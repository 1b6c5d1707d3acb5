/**
 * A transform for AssemblyScript's compiler: `asc hello.ts --exportRuntime --transform @freehold/sdk/assemblyscript`. It writes down
 * which exported functions take or return strings and bytes, in the section "freehold.abi" (docs/webassembly.md), so that they
 * can be called with text instead of pointers.
 */
export default class FreeholdAbi {
  /** The compiler gives its view of the program to every transform, through the prototype. */
  afterCompile(module) {
    const lines = [...this.program.filesByName.values()]
      .filter((file) => file.source.sourceKind === 1)
      .flatMap((file) => [...(file.exports ?? [])])
      .flatMap(([name, element]) => [...(element.instances?.values() ?? [])].map((instance) => line(name, instance.signature)))
      .filter((text) => text !== undefined);
    if (lines.length > 0) module.addCustomSection('freehold.abi', Buffer.from(`${lines.join('\n')}\n`));
  }
}

const types = {
  '~lib/string/String': 'string',
  '~lib/arraybuffer/ArrayBuffer': 'bytes',
  i32: 'i32',
  u32: 'i32',
  i64: 'i64',
  u64: 'i64',
  f32: 'f32',
  f64: 'f64',
  bool: 'i32',
  void: 'void',
};

/** A function of other types stays out: it can only be called with numbers. */
function line(name, { parameterTypes, returnType }) {
  const parameters = parameterTypes.map((type) => types[type.toString()]);
  const result = types[returnType.toString()];
  return parameters.includes(undefined) || result === undefined ? undefined : `${name}(${parameters.join(', ')}): ${result}`;
}
