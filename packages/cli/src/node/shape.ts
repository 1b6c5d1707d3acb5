/** What reads an answer: any schema of the protocol is one. */
export type Shape<Value> = { safeParse(value: unknown): { success: true; data: Value } | { success: false; error: unknown } };

/** `{ [name]: Item[] }`, such as `{ "offers": […] }`, answered as the list. */
export const listIn = <Item>(name: string, item: Shape<Item>): Shape<Item[]> => ({
  safeParse(value) {
    const list: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    if (!Array.isArray(list)) return { success: false, error: new TypeError(`"${name}" is missing`) };
    const items: Item[] = [];
    for (const element of list) {
      const result = item.safeParse(element);
      if (!result.success) return result;
      items.push(result.data);
    }
    return { success: true, data: items };
  },
});
