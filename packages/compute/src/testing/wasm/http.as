// A handler of HTTP requests of WASI 0.2, on the canonical ABI itself: it does what the path says.

@external("wasi:http/types@0.2.12", "[method]incoming-request.method") declare function method(request: i32, result: usize): void;
@external("wasi:http/types@0.2.12", "[method]incoming-request.path-with-query") declare function path_with_query(request: i32, result: usize): void;
@external("wasi:http/types@0.2.12", "[method]incoming-request.headers") declare function request_headers(request: i32): i32;
@external("wasi:http/types@0.2.12", "[method]incoming-request.consume") declare function consume(request: i32, result: usize): void;
@external("wasi:http/types@0.2.12", "[method]incoming-body.stream") declare function body_stream(body: i32, result: usize): void;
@external("wasi:http/types@0.2.12", "[constructor]fields") declare function fields(): i32;
@external("wasi:http/types@0.2.12", "[method]fields.append") declare function append(fields: i32, name: usize, nameLength: i32, value: usize, valueLength: i32, result: usize): void;
@external("wasi:http/types@0.2.12", "[method]fields.get") declare function get(fields: i32, name: usize, nameLength: i32, result: usize): void;
@external("wasi:http/types@0.2.12", "[constructor]outgoing-response") declare function outgoing_response(headers: i32): i32;
@external("wasi:http/types@0.2.12", "[method]outgoing-response.set-status-code") declare function set_status_code(response: i32, code: i32): i32;
@external("wasi:http/types@0.2.12", "[method]outgoing-response.body") declare function response_body(response: i32, result: usize): void;
@external("wasi:http/types@0.2.12", "[static]response-outparam.set") declare function answer(out: i32, isError: i32, response: i32, a: i32, b: i64, c: i32, d: i32, e: i32, f: i32): void;
@external("wasi:http/types@0.2.12", "[method]outgoing-body.write") declare function body_write(body: i32, result: usize): void;
@external("wasi:http/types@0.2.12", "[static]outgoing-body.finish") declare function finish(body: i32, hasTrailers: i32, trailers: i32, result: usize): void;
@external("wasi:http/types@0.2.12", "[constructor]outgoing-request") declare function outgoing_request(headers: i32): i32;
@external("wasi:http/outgoing-handler@0.2.12", "handle") declare function send(request: i32, hasOptions: i32, options: i32, result: usize): void;
@external("wasi:io/streams@0.2.12", "[method]input-stream.blocking-read") declare function blocking_read(stream: i32, length: u64, result: usize): void;
@external("wasi:io/streams@0.2.12", "[method]output-stream.blocking-write-and-flush") declare function blocking_write(stream: i32, bytes: usize, length: i32, result: usize): void;
@external("wasi:io/streams@0.2.12", "[resource-drop]output-stream") declare function drop_output(stream: i32): void;
@external("wasi:sockets/tcp-create-socket@0.2.12", "create-tcp-socket") declare function create_tcp_socket(family: i32, result: usize): void;
@external("wasi:sockets/udp-create-socket@0.2.12", "create-udp-socket") declare function create_udp_socket(family: i32, result: usize): void;
@external("wasi:sockets/instance-network@0.2.12", "instance-network") declare function instance_network(): i32;
@external("wasi:sockets/ip-name-lookup@0.2.12", "resolve-addresses") declare function resolve_addresses(network: i32, name: usize, length: i32, result: usize): void;

const place = memory.data(128);
const methods = ["get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"];

/** How the host makes room for what it returns. */
export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  const fresh = heap.alloc(size);
  if (old) memory.copy(fresh, old, min(oldSize, size));
  return fresh;
}

const text = (at: usize): string => String.UTF8.decodeUnsafe(load<u32>(at), load<u32>(at, 4));

function addHeader(headers: i32, name: string, value: string): i32 {
  const n = String.UTF8.encode(name), v = String.UTF8.encode(value);
  append(headers, changetype<usize>(n), n.byteLength, changetype<usize>(v), v.byteLength, place);
  return load<u8>(place) == 0 ? -1 : load<u8>(place, 1);
}

let out: i32 = 0;

/** Begins the answer and gives the stream of its body, with the body itself behind it. */
function begin(status: i32, headers: i32): i32 {
  const response = outgoing_response(headers);
  set_status_code(response, status);
  response_body(response, place);
  body = load<i32>(place, 4);
  body_write(body, place);
  const stream = load<i32>(place, 4);
  answer(out, 0, response, 0, 0, 0, 0, 0, 0);
  return stream;
}
let body: i32 = 0;

function print(stream: i32, line: string): void {
  const bytes = String.UTF8.encode(line);
  blocking_write(stream, changetype<usize>(bytes), bytes.byteLength, place);
}

function end(stream: i32): void {
  drop_output(stream);
  finish(body, 0, 0, place);
}

function header(request: i32, name: string): string {
  const n = String.UTF8.encode(name);
  get(request_headers(request), changetype<usize>(n), n.byteLength, place);
  return load<u32>(place, 4) == 0 ? "none" : text(load<usize>(place));
}

function input(request: i32): string {
  consume(request, place);
  body_stream(load<i32>(place, 4), place);
  const stream = load<i32>(place, 4);
  let all = "";
  while (true) {
    blocking_read(stream, 1 << 16, place);
    if (load<u8>(place) != 0) return all;
    all += text(place + 4);
  }
}

function hello(request: i32, path: string): void {
  method(request, place);
  const name = methods[load<u8>(place)];
  const headers = fields();
  addHeader(headers, "Content-Type", "text/plain");
  addHeader(headers, "X-Made-By", "a component");
  const given = header(request, "Accept-Language");
  const said = input(request);
  const stream = begin(203, headers);
  print(stream, name + " " + path + "\nlanguage " + given + "\nbody " + said + "\n");
  end(stream);
}

function denied(): void {
  const headers = fields();
  let lines = "newline " + addHeader(headers, "X-Split", "a\r\nSet-Cookie: b=c").toString();
  lines += "\nname " + addHeader(headers, "X Y", "a").toString();
  lines += "\nconnection " + addHeader(headers, "Connection", "close").toString();
  send(outgoing_request(fields()), 0, 0, place);
  lines += "\noutgoing " + load<u8>(place).toString() + " " + load<u8>(place, 8).toString();
  create_tcp_socket(0, place);
  lines += "\ntcp " + load<u8>(place).toString() + " " + load<u8>(place, 4).toString();
  create_udp_socket(0, place);
  lines += "\nudp " + load<u8>(place).toString() + " " + load<u8>(place, 4).toString();
  const name = String.UTF8.encode("example.com");
  resolve_addresses(instance_network(), changetype<usize>(name), name.byteLength, place);
  lines += "\nlookup " + load<u8>(place).toString() + " " + load<u8>(place, 4).toString();
  const stream = begin(200, headers);
  print(stream, lines + "\n");
  end(stream);
}

export function handle(request: i32, given: i32): void {
  out = given;
  path_with_query(request, place);
  const path = load<u8>(place) == 1 ? text(place + 4) : "";
  if (path.startsWith("/hello")) hello(request, path);
  else if (path == "/denied") denied();
  else if (path == "/error") answer(given, 1, 11, 0, 0, 0, 0, 0, 0);
  else if (path == "/flood") {
    const stream = begin(200, fields());
    while (true) print(stream, "more and more and more and more");
  } else if (path == "/twice") {
    begin(200, fields());
    begin(200, fields());
  }
}
