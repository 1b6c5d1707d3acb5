/** A JSON value. The node has checked that the input is JSON and fits the schema. */
export class Json {
  /** What stands between the quotes of a string, escapes resolved; for other values as it is written. */
  text: string = '';
  isText: bool = false;
  members: Map<string, Json> = new Map();
  items: Json[] = [];

  /** The text of a string member; empty when there is none. */
  member(name: string): string {
    return this.members.has(name) ? this.members.get(name).text : '';
  }
}

export function parse(source: string): Json {
  return new Reader(source).value();
}

/** Text as a JSON string. */
export function quote(text: string): string {
  let result = '"';
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit == 0x22 || unit == 0x5c) result += '\\' + String.fromCharCode(unit);
    else if (unit < 0x20) result += '\\u' + unit.toString(16).padStart(4, '0');
    else result += String.fromCharCode(unit);
  }
  return result + '"';
}

class Reader {
  private at: i32 = 0;

  constructor(private source: string) {}

  value(): Json {
    const value = new Json();
    const first = this.next();
    if (first == 0x7b) {
      this.at++;
      while (this.next() != 0x7d && this.at < this.source.length) {
        const name = this.string();
        if (this.next() == 0x3a) this.at++;
        value.members.set(name, this.value());
        if (this.next() == 0x2c) this.at++;
      }
      this.at++;
    } else if (first == 0x5b) {
      this.at++;
      while (this.next() != 0x5d && this.at < this.source.length) {
        value.items.push(this.value());
        if (this.next() == 0x2c) this.at++;
      }
      this.at++;
    } else if (first == 0x22) {
      value.isText = true;
      value.text = this.string();
    } else {
      const start = this.at;
      while (this.at < this.source.length && !',]} \t\r\n'.includes(this.source.charAt(this.at))) this.at++;
      value.text = this.source.substring(start, this.at);
    }
    return value;
  }

  /** The character that comes after white space; 0 at the end. */
  private next(): i32 {
    while (this.at < this.source.length && this.source.charCodeAt(this.at) <= 0x20) this.at++;
    return this.at < this.source.length ? this.source.charCodeAt(this.at) : 0;
  }

  private string(): string {
    let text = '';
    this.next();
    this.at++;
    while (this.at < this.source.length) {
      const unit = this.source.charCodeAt(this.at++);
      if (unit == 0x22) break;
      if (unit != 0x5c) {
        text += String.fromCharCode(unit);
        continue;
      }
      const escaped = this.source.charAt(this.at++);
      if (escaped == 'u') {
        text += String.fromCharCode(<i32>parseInt(this.source.substr(this.at, 4), 16));
        this.at += 4;
      } else {
        const plain = 'ntrbf'.indexOf(escaped);
        text += plain < 0 ? escaped : '\n\t\r\b\f'.charAt(plain);
      }
    }
    return text;
  }
}
