//! Live tracking: a page follows its order to the end, also through a new connection; tickets, rights and the board.

use crate::api::Client;
use crate::stack::{Checkout, Stack};
use crate::wait::until;
use serde_json::{Value, json};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tungstenite::{Error, HandshakeError, Message, WebSocket};

/// Longer than the emulator takes for a frame.
const SOON: Duration = Duration::from_secs(20);
/// How long one look for a frame takes.
const LOOK: Duration = Duration::from_millis(200);

/// A page that follows what it shows, as `docs/live.md` asks.
struct Page {
    socket: WebSocket<TcpStream>,
}

fn ticket(caller: &Client) -> String {
    let answer = caller.post("/live/tickets", &json!({})).expect(201);
    assert_eq!(answer["expires_in"], 60);
    answer["ticket"].as_str().expect("a ticket").to_owned()
}

/// Opens a connection; the status of a refusal.
fn connect(query: &str) -> Result<WebSocket<TcpStream>, u16> {
    let url = format!("{}{query}", tests::variable("CONVEYOR_LIVE_URL"));
    let host = url.trim_start_matches("ws://").split('/').next().unwrap_or_default().to_owned();
    let stream = TcpStream::connect(host).expect("the emulator");
    stream.set_read_timeout(Some(SOON)).expect("a timeout");
    match tungstenite::client(url.as_str(), stream) {
        Ok((socket, _)) => {
            socket.get_ref().set_read_timeout(Some(LOOK)).expect("a timeout");
            Ok(socket)
        }
        Err(HandshakeError::Failure(Error::Http(refusal))) => Err(refusal.status().as_u16()),
        Err(error) => panic!("no handshake: {error}"),
    }
}

impl Page {
    fn open(caller: &Client) -> Self {
        let socket = connect(&format!("?ticket={}", ticket(caller)));
        Self { socket: socket.unwrap_or_else(|status| panic!("refused with {status}")) }
    }

    fn follow(&mut self, order: &str, after: u64) {
        let frame = json!({"action": "follow", "order": order, "after": after}).to_string();
        self.socket.send(Message::text(frame)).expect("an open connection");
    }

    /// The next frame, if one arrives soon enough for a look.
    fn look(&mut self) -> Option<Value> {
        match self.socket.read() {
            Ok(Message::Text(text)) => Some(serde_json::from_str(&text).expect("a frame is JSON")),
            Ok(_) => None,
            Err(Error::Io(error))
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
            {
                None
            }
            Err(error) => panic!("the connection ended: {error}"),
        }
    }

    /// The next frame that is wanted. Others are skipped.
    fn await_frame(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(format!("a frame with {what}"), || match self.look() {
            Some(frame) if wanted(&frame) => Ok(frame),
            other => Err(format!("{other:?}")),
        })
    }

    /// The next frame in which the order has this status.
    fn await_status(&mut self, status: &str) -> Value {
        self.await_frame(status, |frame| frame["page"]["status"] == status)
    }
}

#[test]
fn a_page_follows_its_order_to_the_delivery_also_through_a_new_connection() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 10);
    let id = stack.place(&Checkout::of(&[(&tea, 2)]));
    let mut page = Page::open(&stack.customer);
    page.follow(&id, 0);
    let allocated = page.await_status("allocated");
    assert_eq!((&allocated["type"], &allocated["order"]), (&json!("order"), &json!(id)));
    let after = allocated["sequence"].as_u64().expect("a sequence");

    // The parcel leaves while the page has no connection.
    drop(page);
    stack.await_shipment(&id);
    stack.dispatch(&id, &format!("T{}", crate::stack::fresh())).expect(202);
    stack.await_status(&id, "shipped");
    let mut page = Page::open(&stack.customer);
    page.follow(&id, after);
    let shipped = page.await_status("shipped");
    assert!(shipped["sequence"].as_u64() > Some(after), "what it has is not sent again");

    stack.warehouse(&id, "deliver", &json!({})).expect(202);
    let mut shown = page.await_status("delivered")["page"].clone();
    until("the page to equal GET", || {
        if shown == stack.order(&id) {
            return Ok(());
        }
        if let Some(frame) = page.look() {
            shown = frame["page"].clone();
        }
        Err(shown.clone())
    });
    page.follow(&id, shown["sequence"].as_u64().expect("a sequence"));
    let answer = page.await_frame("the answer to a heartbeat", |frame| frame["type"] == "current");
    assert_eq!(answer, json!({"type": "current", "order": id, "sequence": shown["sequence"]}));
}

#[test]
fn a_used_ticket_and_an_unknown_one_are_refused() {
    let stack = Stack::shared();
    let query = format!("?ticket={}", ticket(&stack.customer));
    let page = connect(&query).expect("it is new");
    assert_eq!(connect(&query).err(), Some(403), "it is used");
    assert_eq!(connect("?ticket=unknown").err(), Some(403));
    assert_eq!(connect("").err(), Some(401), "there is none");
    assert_eq!(stack.anonymous.post("/live/tickets", &json!({})).status, 401);
    drop(page);
}

#[test]
fn another_customers_order_is_not_followed() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 10);
    let id = stack.place(&Checkout::of(&[(&tea, 1)]));
    let mut page = Page::open(&stack.other_customer);
    let unknown = "0".repeat(32);
    for order in [&id, &unknown] {
        page.follow(order, 0);
        let answer = page.await_frame("an answer", |_| true);
        let refused =
            json!({"type": "error", "code": "not_found", "order": order, "detail": "no such order"});
        assert_eq!(answer, refused);
    }
    page.follow("board", 0);
    assert_eq!(page.await_frame("an answer", |_| true)["code"], "forbidden");
    stack.await_status(&id, "allocated");
    assert_eq!(page.look(), None);
}

#[test]
fn an_order_is_on_the_board_soon_after_it_is_placed() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 10);
    let mut board = Page::open(&stack.admin);
    board.follow("board", 0);
    board.await_frame("an answer", |frame| *frame == json!({"type": "current", "order": "board"}));
    let began = Instant::now();
    let id = stack.place(&Checkout::of(&[(&tea, 1)]));
    let first = board.await_frame("the order", |frame| frame["order"] == *id);
    eprintln!("on the board after {:?}", began.elapsed());
    assert_eq!((&first["type"], &first["summary"]["order_id"]), (&json!("board"), &json!(id)));
    board.await_frame("its end", |frame| frame["order"] == *id && frame["summary"]["status"] == "allocated");
}
