//! What a client sends, and the frames that it is sent. Their shapes are in `docs/live.md`. Pure.

use super::followers::Topic;
use crate::summary::Listed;
use crate::view::SeenBy;
use crate::{Order, OrderPage, Summary};
use event_store::History;
use events::{OrderId, Sequence};
use outbound::LARGEST_FRAME;
use serde::{Deserialize, Serialize};

/// The name of the board, where an order's id would be.
const BOARD: &str = "board";

/// A client follows a topic, and says up to which event it has the order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Follow {
    pub(crate) topic: Topic,
    pub(crate) after: u32,
}

/// Why a client is not answered with what it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    /// The frame is not one of `docs/live.md`.
    Invalid,
    /// No such order, or another customer's.
    NotFound,
    /// Only those who work for the shop follow the board.
    Forbidden,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame<'a> {
    Order {
        order: &'a OrderId,
        sequence: Sequence,
        page: &'a OrderPage,
    },
    Changed {
        order: &'a OrderId,
        sequence: Sequence,
    },
    Current {
        order: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        sequence: Option<Sequence>,
    },
    Board {
        order: &'a OrderId,
        sequence: Sequence,
        summary: &'a Listed,
    },
    Error {
        code: Code,
        #[serde(skip_serializing_if = "Option::is_none")]
        order: Option<&'a str>,
        detail: &'a str,
    },
}

impl Follow {
    /// Reads a frame; `None` if it is no `follow`. Fields that are not known are ignored.
    pub(crate) fn read(frame: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Body {
            action: String,
            order: String,
            #[serde(default)]
            after: u32,
        }
        let Body { action, order, after } = json(frame)?;
        if action != "follow" {
            return None;
        }
        let topic =
            if order == BOARD { Topic::Board } else { Topic::Order(OrderId::try_from(order.as_str()).ok()?) };
        Some(Self { topic, after })
    }
}

fn json<'a, T: Deserialize<'a>>(frame: &'a str) -> Option<T> {
    serde_json::from_str(frame).ok()
}

/// The order as this reader sees it, under the place of its last event. If it does not fit into a frame, the reader has to
/// fetch it. `None` before the order is placed.
pub(crate) fn order(id: &OrderId, history: &History<Order>, seen_by: SeenBy) -> Option<String> {
    let (page, sequence) = (OrderPage::of(id, history, seen_by)?, last(history)?);
    let frame = text(&Frame::Order { order: id, sequence, page: &page });
    Some(if frame.len() <= LARGEST_FRAME { frame } else { text(&Frame::Changed { order: id, sequence }) })
}

/// The answer to a follower who has everything up to the last event.
pub(crate) fn current(topic: &Topic, sequence: Option<Sequence>) -> String {
    let order = match topic {
        Topic::Order(id) => id.as_str(),
        Topic::Board => BOARD,
    };
    text(&Frame::Current { order, sequence })
}

/// The order's line on the board. `None` before the order is placed.
pub(crate) fn board(id: &OrderId, history: &History<Order>) -> Option<String> {
    let summary = Listed::from(Summary::of(id, &history.state)?);
    Some(text(&Frame::Board { order: id, sequence: last(history)?, summary: &summary }))
}

/// A refusal.
pub(crate) fn error(code: Code, order: Option<&OrderId>) -> String {
    let detail = match code {
        Code::Invalid => {
            "send {\"action\": \"follow\", \"order\": an order's id or \"board\", \"after\": a sequence}"
        }
        Code::NotFound => "no such order",
        Code::Forbidden => "this needs the viewer, the staff or the admin group",
    };
    text(&Frame::Error { code, order: order.map(OrderId::as_str), detail })
}

/// The place of the last event.
pub(crate) fn last(history: &History<Order>) -> Option<Sequence> {
    history.envelopes.last().map(|envelope| envelope.sequence)
}

fn text(frame: &Frame<'_>) -> String {
    // Our own structs always have a JSON form.
    serde_json::to_string(frame).unwrap_or_default()
}

#[cfg(test)]
mod tests;
