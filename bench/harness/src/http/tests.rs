//! Bodies of both forms are read whole, and a connection may carry more than one request.

use super::*;

fn requests(text: &str) -> Vec<Request> {
    let mut stream = text.as_bytes();
    std::iter::from_fn(|| read(&mut stream).expect("a valid request")).collect()
}

#[test]
fn a_body_with_a_length_ends_where_it_says() {
    let found =
        requests("POST /a HTTP/1.1\r\nContent-Length: 2\r\nX-Kind: one\r\n\r\nhiGET /b HTTP/1.1\r\n\r\n");
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].body.as_slice(), found[0].header("x-kind")), (b"hi".as_slice(), "one"));
    assert_eq!((found[1].method.as_str(), found[1].path.as_str()), ("GET", "/b"));
}

#[test]
fn chunks_are_joined() {
    let found =
        requests("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n");
    assert_eq!(found[0].body, b"abcd");
}
