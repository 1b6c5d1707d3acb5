/** One request to the case program (`packages/compute/src/testing/cgi/case.c`), and what to look at in its answer. */
export type Case = {
  /** Its row in docs/cgi.md. */
  name: string;
  /** After the script's own path, raw. */
  path: string;
  method?: string;
  /** As they are sent, in their order. */
  headers?: readonly [name: string, value: string][];
  body?: { bytes: Buffer; chunked: boolean };
  /** `answer`: status, type, the program's headers, body. `framing`: the length, too. `pace`: whether it comes as it is written. An environment case shows these variables, or `names`: which there are. */
  look: 'answer' | 'framing' | 'pace' | 'names' | readonly string[];
};

/** Each output of the case program that is asked for plainly. */
const outputs = [
  'hello',
  'crlf',
  'mixed-ends',
  'lower-case-names',
  'no-space',
  'many-spaces',
  'empty-value',
  'repeated-header',
  'latin-1',
  'nothing',
  'only-text',
  'only-blank',
  'no-blank-line',
  'no-colon',
  'folded',
  'bad-name',
  'space-before-colon',
  'carriage-return-inside',
  'no-type',
  'type-twice',
  'status',
  'status-alone',
  'status-last',
  'status-letters',
  'status-short',
  'status-600',
  'status-100',
  'status-twice',
  'status-204',
  'status-304',
  'status-500',
  'status-line',
  'nph',
  'location-absolute',
  'location-with-status',
  'location-201',
  'location-with-body',
  'location-elsewhere',
  'location-relative',
  'location-twice',
  'transfer-encoding',
  'connection',
  'upgrade',
  'cookies',
  'cookie-scope',
  'server-headers',
  'cache-control',
  'location-mixed-ends',
  'status-line-short',
  'send-file',
  'html',
  'nul-in-header',
  'nul-in-body',
  'large-header',
  'many-headers',
  'large-body',
  'error-code',
  'error-code-alone',
  'error-code-text',
  'crash',
  'crash-alone',
  'error-output',
  'error-output-large',
  'error-output-between',
  'close-output',
  'slow-start',
  'stream-204',
  'stream-304',
  'stream-headers',
  'send-on',
  'send-thrice',
  'send-round',
  'no-such-case',
];

const bytes = (size: number) => Buffer.alloc(size, 'input of a program ');
const environment = (name: string, look: readonly string[], rest: Partial<Case> = {}): Case => ({
  name,
  path: '/environment',
  look,
  ...rest,
});
const path = (name: string, raw: string): Case => environment(name, ['PATH_INFO'], { path: `/environment${raw}` });

export const cases: readonly Case[] = [
  ...outputs.map((name): Case => ({ name, path: `/${name}`, look: 'answer' })),
  ...['length-right', 'length-short', 'length-long', 'length-letters'].map((name): Case => ({ name, path: `/${name}`, look: 'framing' })),
  { name: 'stream', path: '/stream?500', look: 'pace' },

  { name: 'head', path: '/hello', method: 'HEAD', look: 'framing' },
  { name: 'head-no-content', path: '/status-204', method: 'HEAD', look: 'framing' },
  {
    name: 'post',
    path: '/echo',
    method: 'POST',
    headers: [['content-type', 'text/x-case']],
    body: { bytes: bytes(20), chunked: false },
    look: 'answer',
  },
  { name: 'post-chunked', path: '/echo', method: 'POST', body: { bytes: bytes(20), chunked: true }, look: 'answer' },
  { name: 'post-empty', path: '/echo', method: 'POST', body: { bytes: bytes(0), chunked: false }, look: 'answer' },
  { name: 'post-empty-chunked', path: '/echo', method: 'POST', body: { bytes: bytes(0), chunked: true }, look: 'answer' },
  { name: 'post-large', path: '/echo', method: 'POST', body: { bytes: bytes(5_000_000), chunked: false }, look: 'answer' },
  { name: 'post-large-chunked', path: '/echo', method: 'POST', body: { bytes: bytes(5_000_000), chunked: true }, look: 'answer' },
  {
    name: 'post-expect',
    path: '/echo',
    method: 'POST',
    headers: [['expect', '100-continue']],
    body: { bytes: bytes(20), chunked: false },
    look: 'answer',
  },
  { name: 'get-with-body', path: '/echo', body: { bytes: bytes(20), chunked: false }, look: 'answer' },
  ...['PUT', 'PATCH', 'DELETE'].map((method): Case => ({
    name: `method-${method.toLowerCase()}`,
    path: '/echo',
    method,
    body: { bytes: bytes(20), chunked: false },
    look: 'answer',
  })),
  { name: 'method-options', path: '/echo', method: 'OPTIONS', look: 'answer' },
  { name: 'method-search', path: '/echo', method: 'SEARCH', look: 'answer' },

  { name: 'variables', path: '/environment', look: 'names' },
  environment('variables-fixed', ['GATEWAY_INTERFACE', 'SERVER_PROTOCOL', 'REQUEST_METHOD', 'SCRIPT_NAME', 'AUTH_TYPE', 'REMOTE_ADDR']),
  // A query without `=` is a list of arguments (RFC 3875 §4.4), says the letter.
  { name: 'arguments', path: '/arguments?-s+two', look: 'answer' },
  environment('query-none', ['QUERY_STRING', 'REQUEST_URI']),
  environment('query-empty', ['QUERY_STRING', 'REQUEST_URI'], { path: '/environment?' }),
  environment('query', ['QUERY_STRING', 'REQUEST_URI'], { path: '/environment?a=1&b=%20c+d&a=%41?x' }),
  environment('query-latin-1', ['QUERY_STRING'], { path: '/environment?%e9&%00' }),
  path('path', '/a/b'),
  path('path-slash-at-end', '/a/'),
  path('path-space', '/a%20b+c'),
  path('path-utf-8', '/%C3%A4'),
  path('path-latin-1', '/%e9'),
  path('path-encoded-slash', '/a%2Fb'),
  path('path-double-slash', '/a//b'),
  path('path-dot', '/a/./b'),
  path('path-up', '/a/../b'),
  path('path-up-encoded', '/a/%2e%2e/b'),
  path('path-nul', '/a%00b'),
  path('path-bad-percent', '/a%zzb'),
  path('path-semicolon', '/a;b=c'),
  environment('header', ['HTTP_X_CASE'], { headers: [['X-Case', 'one']] }),
  environment('header-empty', ['HTTP_X_CASE'], { headers: [['X-Case', '']] }),
  environment('header-repeated', ['HTTP_X_CASE'], {
    headers: [
      ['X-Case', 'one'],
      ['X-Case', 'two'],
    ],
  }),
  environment('header-underscore', ['HTTP_X_CASE'], { headers: [['X_Case', 'spoofed']] }),
  environment('header-both', ['HTTP_X_CASE'], {
    headers: [
      ['X_Case', 'spoofed'],
      ['X-Case', 'one'],
    ],
  }),
  environment('header-utf-8', ['HTTP_X_CASE'], { headers: [['X-Case', Buffer.from('ä').toString('latin1')]] }),
  environment('header-long', ['HTTP_X_CASE'], { headers: [['X-Case', 'x'.repeat(6000)]] }),
  environment('header-proxy', ['HTTP_PROXY'], { headers: [['Proxy', 'http://evil.example']] }),
  environment('header-authorization', ['HTTP_AUTHORIZATION'], { headers: [['Authorization', 'Bearer secret']] }),
  environment('header-payment', ['HTTP_PAYMENT_SIGNATURE', 'HTTP_X_PAYMENT'], { headers: [['X-Payment', 'secret']] }),
  environment('header-cookie', ['HTTP_COOKIE'], { headers: [['Cookie', 'fn-a=1; b=2']] }),
  environment('header-cookie-twice', ['HTTP_COOKIE'], {
    headers: [
      ['Cookie', 'fn-a=1'],
      ['Cookie', 'fn-b=2'],
    ],
  }),
  environment('header-connection', ['HTTP_CONNECTION', 'HTTP_KEEP_ALIVE', 'HTTP_TE'], {
    headers: [
      ['Keep-Alive', '5'],
      ['TE', 'trailers'],
    ],
  }),
  environment('header-content-type', ['CONTENT_TYPE', 'HTTP_CONTENT_TYPE', 'HTTP_CONTENT_LENGTH'], {
    headers: [['Content-Type', 'text/x-case; charset=utf-8']],
  }),
  environment('header-unlisted', ['HTTP_USER_AGENT'], { headers: [['User-Agent', 'peers']] }),
];

/** The headers that the function asks for. */
export const asksFor = ['x-case', 'proxy', 'authorization', 'cookie', 'x-payment', 'payment-signature', 'keep-alive', 'te', 'connection'];
