const wire = { varint: 0, bytes: 2 } as const;

/** The fields of a protobuf message by number: whole numbers and byte strings, nothing else. Undefined when it is none. */
export function fieldsOf(message: Uint8Array): Map<number, (bigint | Uint8Array)[]> | undefined {
  const fields = new Map<number, (bigint | Uint8Array)[]>();
  let position = 0;

  function varint(): bigint | undefined {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[position++];
      if (byte === undefined) return undefined;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value < 1n << 64n ? value : undefined;
    }
    return undefined;
  }

  while (position < message.length) {
    const tag = varint();
    const value = varint();
    if (tag === undefined || value === undefined) return undefined;
    const number = Number(tag >> 3n);
    const values = fields.get(number) ?? [];
    fields.set(number, values);
    if (tag % 8n === BigInt(wire.varint)) values.push(value);
    else if (tag % 8n === BigInt(wire.bytes) && value <= BigInt(message.length - position)) {
      values.push(message.subarray(position, position + Number(value)));
      position += Number(value);
    } else return undefined;
  }
  return fields;
}
