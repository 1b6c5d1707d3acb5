import { WasiEnd, type WasiContext } from '../../wasi/context.ts';
import { refuseWith, resource } from './failure.ts';
import { openFields, type Fields as AnyFields } from './fields.ts';
import type { Streams } from './streams.ts';

type Method = { tag: string; val?: string };
type Answer = { tag: 'ok'; val: unknown } | { tag: 'err'; val: unknown };

const methods = new Set(['get', 'head', 'post', 'put', 'delete', 'connect', 'options', 'trace', 'patch']);

/**
 * wasi:http of one job: the request that a CGI environment describes, and the answer, which becomes CGI output as it is
 * written. There are no requests to others: each is denied.
 */
export function openHttp(job: WasiContext, env: ReadonlyMap<string, string>, { InputStream, OutputStream, Pollable }: Streams) {
  const Fields = openFields();
  type Fields = AnyFields;
  const unit = () => undefined;
  const refuse = () => refuseWith(undefined);

  function write(bytes: Uint8Array): void {
    if (!job.stdout.append(bytes)) throw new WasiEnd('output', 0);
  }

  class FutureTrailers {
    subscribe() {
      return new Pollable();
    }
    get() {
      return { tag: 'ok', val: { tag: 'ok', val: undefined } };
    }
  }

  class IncomingBody {
    #taken = false;
    stream() {
      if (this.#taken) return refuse();
      this.#taken = true;
      return new InputStream((length) => {
        const { bytes, offset } = job.stdin;
        const portion = bytes.slice(offset, offset + length);
        job.stdin.offset += portion.length;
        return portion;
      });
    }
    static finish(): FutureTrailers {
      return new FutureTrailers();
    }
  }

  class IncomingRequest {
    #consumed = false;
    method(): Method {
      const name = env.get('REQUEST_METHOD') ?? 'GET';
      return methods.has(name.toLowerCase()) ? { tag: name.toLowerCase() } : { tag: 'other', val: name };
    }
    pathWithQuery(): string {
      const query = env.get('QUERY_STRING') ?? '';
      return `${encodeURI(env.get('PATH_INFO') ?? '') || '/'}${query === '' ? '' : `?${query}`}`;
    }
    scheme(): Method {
      return { tag: env.get('REQUEST_SCHEME') === 'https' ? 'HTTPS' : 'HTTP' };
    }
    authority(): string | undefined {
      const [host, port] = [env.get('SERVER_NAME'), env.get('SERVER_PORT')];
      return host === undefined ? undefined : port === undefined ? host : `${host}:${port}`;
    }
    headers(): Fields {
      return Fields.frozen(headersOf(env));
    }
    consume() {
      if (this.#consumed) return refuse();
      this.#consumed = true;
      return new IncomingBody();
    }
  }

  /** What is written before the answer has begun is kept, within what the program may write at all. */
  class OutgoingBody {
    #held: Uint8Array[] = [];
    #heldBytes = 0;
    #begun = false;
    #taken = false;
    write() {
      if (this.#taken) return refuse();
      this.#taken = true;
      return new OutputStream((bytes) => {
        if (this.#begun) return write(bytes);
        this.#heldBytes += bytes.length;
        if (this.#heldBytes > job.stdout.limit) throw new WasiEnd('output', 0);
        this.#held.push(bytes);
      });
    }
    begin(): void {
      this.#begun = true;
      for (const bytes of this.#held.splice(0)) write(bytes);
    }
    static finish(): void {}
  }

  class OutgoingResponse {
    readonly #headers: Fields;
    readonly body_ = new OutgoingBody();
    #status = 200;
    #taken = false;
    constructor(headers: Fields) {
      this.#headers = headers.freeze();
    }
    statusCode(): number {
      return this.#status;
    }
    setStatusCode(code: number): void {
      if (code < 200 || code > 599) refuse();
      this.#status = code;
    }
    headers(): Fields {
      return this.#headers;
    }
    body(): OutgoingBody {
      if (this.#taken) return refuse();
      this.#taken = true;
      return this.body_;
    }
  }

  class ResponseOutparam {
    answered = false;
    sendInformational(): void {
      refuseWith({ tag: 'HTTP-request-denied' });
    }
    static set(param: ResponseOutparam, answer: Answer): void {
      if (param.answered) throw new Error('It answers twice');
      param.answered = true;
      if (answer.tag === 'err' || !(answer.val instanceof OutgoingResponse)) {
        job.stderr.append(Buffer.from(`It answered with an error: ${said(answer.val)}\n`));
        return;
      }
      const response = answer.val;
      write(Buffer.from(`Status: ${response.statusCode()}\r\n`));
      for (const [name, value] of response.headers().entries()) write(Buffer.concat([Buffer.from(`${name}: `), value, crlf]));
      write(crlf);
      response.body_.begin();
    }
  }

  class RequestOptions {
    connectTimeout = unit;
    setConnectTimeout = unit;
    firstByteTimeout = unit;
    setFirstByteTimeout = unit;
    betweenBytesTimeout = unit;
    setBetweenBytesTimeout = unit;
  }

  class OutgoingRequest {
    readonly #headers: Fields;
    constructor(headers: Fields) {
      this.#headers = headers.freeze();
    }
    body = () => new OutgoingBody();
    method = (): Method => ({ tag: 'get' });
    setMethod = unit;
    pathWithQuery = unit;
    setPathWithQuery = unit;
    scheme = unit;
    setScheme = unit;
    authority = unit;
    setAuthority = unit;
    headers(): Fields {
      return this.#headers;
    }
  }

  const IncomingResponse = resource();
  const FutureIncomingResponse = resource();

  return {
    /** The request of this job, and where its answer goes. */
    begin: () => ({ request: new IncomingRequest(), out: new ResponseOutparam() }),
    imports: {
      'wasi:http/outgoing-handler': { handle: () => refuseWith({ tag: 'HTTP-request-denied' }) },
      'wasi:http/types': {
        Fields,
        FutureIncomingResponse,
        FutureTrailers,
        IncomingBody,
        IncomingRequest,
        IncomingResponse,
        OutgoingBody,
        OutgoingRequest,
        OutgoingResponse,
        RequestOptions,
        ResponseOutparam,
        httpErrorCode: () => undefined,
      },
    },
  };
}

const crlf = Buffer.from('\r\n');

/** The tag of an `error-code`, and the text that comes with it. */
function said(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('tag' in value)) return 'without saying which';
  const detail = 'val' in value && typeof value.val === 'string' ? `: ${value.val.slice(0, 500)}` : '';
  return `${String(value.tag)}${detail}`;
}

function headersOf(env: ReadonlyMap<string, string>): [string, string][] {
  const headers: [string, string][] = [];
  for (const [name, value] of env) {
    if (name === 'CONTENT_TYPE' || name === 'CONTENT_LENGTH') headers.push([name.replace('_', '-'), value]);
    else if (name.startsWith('HTTP_')) headers.push([name.slice(5).replaceAll('_', '-'), value]);
  }
  return headers.filter(([, value]) => value !== '');
}
