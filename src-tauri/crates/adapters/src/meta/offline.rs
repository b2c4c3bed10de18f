//! An answer that is already here becomes pages, by the very code that reads one from the network: for what needs the
//! bytes to be its own (fixtures, measurements).

use backscroll_model::{Page, Platform, RemoteId, Timestamp};

use super::normalize::{self, Asked};
use crate::{Kind, http::Limits};

/// Normalises an answer to [`Read::Recent`](crate::Read::Recent), which was made at `server_time` for the business with
/// these ids and asked for `nested` messages per conversation; cut into pages as a read cuts it.
///
/// # Errors
///
/// [`Kind::Decode`]: the body is not one JSON object with a list.
pub fn pages_of(
    platform: Platform,
    ours: &[RemoteId],
    nested: u32,
    server_time: Option<Timestamp>,
    answer: &[u8],
) -> Result<Vec<Page>, Kind> {
    let body = std::str::from_utf8(answer).map_err(|_| Kind::Decode)?;
    let ours = ours.to_vec();
    let asked = Asked { platform, ours, limit: nested, lean: false, reactions: true, server_time, top: None };
    let mut listed = normalize::conversations(body, &asked).ok_or(Kind::Decode)?;
    Ok(normalize::pages(&mut listed, Limits::default().page_messages))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_answer_in_memory_becomes_the_pages_of_a_read() {
        let answer =
            br#"{"data":[{"id":"t_1","updated_time":"2026-11-20T16:04:31+0000","messages":{"data":[{"id":"m_1",
            "created_time":"2026-11-20T16:04:31+0000","from":{"id":"7"},"message":"Is it ready?"}]}}]}"#;
        let ours = [RemoteId::from("9")];
        let pages = pages_of(Platform::Messenger, &ours, 10, None, answer).unwrap();
        assert_eq!(pages.first().unwrap().conversations.first().unwrap().remote_id.as_str(), "t_1");
        for nonsense in [b"<html>".as_slice(), b"{}", b"7", b"{\"data\": 7}"] {
            assert_eq!(pages_of(Platform::Messenger, &ours, 10, None, nonsense).unwrap_err(), Kind::Decode);
        }
    }
}
