import { refuseWith } from './failure.ts';

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,1024}$/;
/** What belongs to the connection, which is not the program's, or would be read as something else by CGI. */
const forbidden = new Set(['connection', 'keep-alive', 'proxy-connection', 'status', 'te', 'trailer', 'transfer-encoding', 'upgrade']);
const mostFields = 1000;

/** `fields` of wasi:http, for one job: names without regard to case, values as bytes. */
export function openFields() {
  class Fields {
    #entries: [string, Uint8Array][] = [];
    #frozen = false;

    static fromList(entries: [string, Uint8Array][]): Fields {
      const fields = new Fields();
      for (const [name, value] of entries) fields.append(name, value);
      return fields;
    }

    /** Of what the host says: it can be read and no more. */
    static frozen(entries: [string, string][]): Fields {
      const fields = new Fields();
      fields.#entries = entries.map(([name, value]) => [name.toLowerCase(), Buffer.from(value)]);
      return fields.freeze();
    }

    freeze(): this {
      this.#frozen = true;
      return this;
    }

    get(name: string): Uint8Array[] {
      return this.#entries.flatMap(([found, value]) => (found === name.toLowerCase() ? [value] : []));
    }
    has(name: string): boolean {
      return this.#entries.some(([found]) => found === name.toLowerCase());
    }
    set(name: string, values: Uint8Array[]): void {
      for (const value of values) this.#check(name, value);
      this.delete(name);
      for (const value of values) this.append(name, value);
    }
    delete(name: string): void {
      if (this.#frozen) refuseWith({ tag: 'immutable' });
      this.#entries = this.#entries.filter(([found]) => found !== name.toLowerCase());
    }
    append(name: string, value: Uint8Array): void {
      this.#check(name, value);
      this.#entries.push([name.toLowerCase(), value]);
    }
    entries(): [string, Uint8Array][] {
      return [...this.#entries];
    }
    clone(): Fields {
      const copy = new Fields();
      copy.#entries = [...this.#entries];
      return copy;
    }

    #check(name: string, value: Uint8Array): void {
      if (this.#frozen) refuseWith({ tag: 'immutable' });
      if (!token.test(name) || value.some((byte) => (byte < 0x20 && byte !== 9) || byte === 0x7f)) refuseWith({ tag: 'invalid-syntax' });
      if (forbidden.has(name.toLowerCase()) || this.#entries.length >= mostFields) refuseWith({ tag: 'forbidden' });
    }
  }
  return Fields;
}

export type Fields = InstanceType<ReturnType<typeof openFields>>;
