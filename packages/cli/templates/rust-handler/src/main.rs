//! A function of the web: the request is in the environment and on standard input (CGI), the answer goes to standard output.

use std::env;

/// The decoded value of a parameter of the query.
fn parameter(query: &str, name: &str) -> Option<String> {
    let raw = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let mut bytes = Vec::new();
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn respond(query: &str) -> String {
    let name = parameter(query, "name").unwrap_or_else(|| "world".to_string());
    format!("Content-Type: text/plain; charset=utf-8\r\n\r\nHello, {name}!\n")
}

fn main() {
    print!("{}", respond(&env::var("QUERY_STRING").unwrap_or_default()));
}

#[cfg(test)]
mod tests {
    use super::respond;

    #[test]
    fn it_greets() {
        assert!(respond("a=b&name=Ada%20L").ends_with("\r\n\r\nHello, Ada L!\n"));
        assert!(respond("").ends_with("Hello, world!\n"));
    }
}
