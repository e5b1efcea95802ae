//! The queries of docs/operations/logs.md name only fields that the code writes.

use crate::{files, none, root};
use std::collections::BTreeSet;

/// The queries: the fenced blocks of the page without a language.
fn queries(page: &str) -> Vec<String> {
    let blocks = page.split("\n```").collect::<Vec<_>>();
    let of_queries = blocks.iter().skip(1).step_by(2).filter_map(|block| block.strip_prefix('\n'));
    of_queries.map(str::to_owned).collect()
}

/// The words of the query language, and the names that queries give to what they compute.
fn is_of_the_language(word: &str, query: &str) -> bool {
    const WORDS: [&str; 19] = [
        "filter",
        "fields",
        "sort",
        "limit",
        "stats",
        "by",
        "as",
        "asc",
        "desc",
        "and",
        "or",
        "in",
        "like",
        "count",
        "latest",
        "max",
        "pct",
        "ispresent",
        "not",
    ];
    WORDS.contains(&word) || query.contains(&format!(" as {word}"))
}

/// The fields that a query names.
fn fields(query: &str) -> BTreeSet<String> {
    // Texts are values.
    let outside: String = query.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let words = outside.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '@')));
    let is_name = |word: &&str| word.starts_with(|c: char| c.is_ascii_alphabetic());
    words.filter(is_name).filter(|word| !is_of_the_language(word, query)).map(str::to_owned).collect()
}

/// Whether a line of the code has this field: `order.id = …`, `reason,`, `%key,`, or a name that the log layer writes.
fn is_written(field: &str, sources: &str) -> bool {
    let forms = [
        format!(" {field} = "),
        format!(" {field},\n"),
        format!(" {field}, "),
        format!("%{field},"),
        format!("line.insert(\"{field}\""),
    ];
    // The macro's own field.
    field == "message" || forms.iter().any(|form| sources.contains(form))
}

#[test]
fn every_field_of_a_query_of_the_logs_is_one_that_the_code_writes() {
    let page = std::fs::read_to_string(root().join("docs/operations/logs.md")).expect("the page");
    let mut sources = files(&["functions", "shared"], ".rs");
    sources.retain(|(path, _)| !path.ends_with("tests.rs") && !path.contains("/tests/"));
    // Only what is between the parentheses of a line or a span counts.
    let of_lines = |text: &String| {
        let calls = text.split("tracing::").skip(1).filter(|call| call.contains("!("));
        let calls: Vec<&str> = calls.map(|call| call.split(");").next().unwrap_or_default()).collect();
        let inserted: Vec<&str> =
            text.split("line.insert").skip(1).map(|rest| rest.get(..40).unwrap_or(rest)).collect();
        format!(" {} line.insert{}", calls.join(" \n "), inserted.join(" line.insert"))
    };
    let written: String = sources.iter().map(|(_, text)| of_lines(text)).collect::<Vec<_>>().join("\n");
    let written = written.replace('(', " ");
    let written = written.replace("line.insert ", "line.insert(");
    let queries = queries(&page);
    assert!(queries.len() > 9, "only {} queries were found", queries.len());
    let mut unknown = Vec::new();
    for query in &queries {
        let missing = fields(query).into_iter().filter(|field| !is_written(field, &written));
        unknown
            .extend(missing.map(|field| format!("{field} in: {}", query.lines().next().unwrap_or_default())));
    }
    none("fields that no line has", &unknown);
}
