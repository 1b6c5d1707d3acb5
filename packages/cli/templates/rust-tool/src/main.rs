//! A tool: one JSON value in, one out.

mod json;

use json::{object, Json};
use std::io::{self, Read};
use std::process::ExitCode;

const DESCRIPTION: &str = r#"{"contract":"tool/1","name":"{{name}}","description":"Greets a person by name",
"inputSchema":{"type":"object","properties":{"name":{"type":"string","minLength":1}},"required":["name"]},
"outputSchema":{"type":"object","properties":{"greeting":{"type":"string"}},"required":["greeting"]},
"examples":[{"input":{"name":"Ada"},"output":{"greeting":"Hello, Ada!"}}]}"#;

/// A code and a message that reach the caller.
type Refusal = (&'static str, String);

fn run(input: &Json) -> Result<Json, Refusal> {
    let name = input.get("name").and_then(Json::text).unwrap_or_default();
    if name == "nobody" {
        return Err(("not_found", "There is nobody of that name.".to_string()));
    }
    Ok(object([("greeting", format!("Hello, {name}!").into())]))
}

fn main() -> ExitCode {
    if matches!(std::env::args().last().as_deref(), Some("--mcp-describe" | "--mcp-schema")) {
        println!("{DESCRIPTION}");
        return ExitCode::SUCCESS;
    }
    let mut text = String::new();
    let input = io::stdin().read_to_string(&mut text).ok().and_then(|_| Json::parse(&text));
    let result = input.ok_or(("invalid_input", "The input is not JSON.".to_string())).and_then(|input| run(&input));
    match result {
        Ok(output) => {
            println!("{output}");
            ExitCode::SUCCESS
        }
        Err((code, message)) => {
            let error = object([("code", code.to_string().into()), ("message", message.into())]);
            println!("{}", object([("error", error)]));
            ExitCode::from(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_examples_come_true() {
        let description = Json::parse(DESCRIPTION).expect("the description is JSON");
        let Some(Json::List(examples)) = description.get("examples") else { panic!("there are no examples") };
        for example in examples {
            assert_eq!(run(example.get("input").unwrap()).as_ref().ok(), example.get("output"));
        }
    }

    #[test]
    fn it_refuses_with_a_code() {
        assert_eq!(run(&object([("name", "nobody".to_string().into())])).unwrap_err().0, "not_found");
    }
}
