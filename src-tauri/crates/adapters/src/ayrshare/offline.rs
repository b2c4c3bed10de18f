//! An answer that is already here becomes pages, by the very code that reads one from the network: for what needs the
//! bytes to be its own (fixtures, measurements).

use backscroll_model::{Page, Platform};

use super::{
    body,
    normalize::{self, Asked},
    wire,
};
use crate::{Kind, http::Limits};

/// Decodes and normalises an answer to `GET /messages/:platform?status=active` (2.2), cut into pages as a read cuts it.
///
/// # Errors
///
/// [`Kind::Decode`]: the body is not one JSON object with a list of messages.
pub fn pages_of(platform: Platform, answer: &[u8]) -> Result<Vec<Page>, Kind> {
    let body = body::decode(answer).map_err(|broken| broken.kind)?;
    let items = body.messages.ok_or(Kind::Decode)?;
    let asked = Asked { platform: Some(platform), ..Asked::default() };
    let listed = normalize::messages(items, &asked, wire::time(body.last_updated.as_deref()), false);
    Ok(normalize::pages(listed.conversations, listed.skipped, Limits::default().page_messages))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_answer_in_memory_becomes_the_pages_of_a_read() {
        let answer = br#"{"status":"success","messages":[{"id":"m_1","conversationId":"t_1","platform":"facebook",
            "action":"received","senderId":"7","created":"2026-02-03T09:59:40.001Z","message":"Is it ready?"}],
            "lastUpdated":"2026-02-03T10:00:10.000Z","nextUpdate":"2026-02-03T10:01:10.000Z"}"#;
        let pages = pages_of(Platform::Messenger, answer).unwrap();
        assert_eq!(pages.first().unwrap().conversations.first().unwrap().remote_id.as_str(), "t_1");
        assert_eq!(pages_of(Platform::X, b"<html>").unwrap_err(), Kind::Decode);
    }
}
