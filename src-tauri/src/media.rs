//! The `media:` scheme: cached pictures for `<img>`, read-only, by the paths that the inbox gave out
//! (`media://localhost/a/1234`, on Windows `http://media.localhost/a/1234`).
//!
//! Promises: only what [`Inbox::media`](backscroll_engine::Inbox::media) knows, only as one of four image types, never
//! as anything that a web view could run. Refuses: other methods, directory walks, ranges (sound and video do not come
//! this way: WebKitGTK does not play custom schemes; they come from the [`server`]).

pub mod server;

use tauri::http::{Method, Request, Response, StatusCode, header};

use crate::shell::Shell;

/// The scheme's name.
pub const SCHEME: &str = "media";
/// What it serves: pictures that our own child process encoded.
const TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/// A path is `a/` and an id, or shorter kin.
const LONGEST: usize = 100;

/// The answer to one request.
pub async fn answer(shell: &Shell, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    if request.method() != Method::GET {
        return refusal(StatusCode::METHOD_NOT_ALLOWED);
    }
    picture(shell, request.uri().path()).await
}

/// The picture behind the path of a URL.
pub async fn picture(shell: &Shell, path: &str) -> Response<Vec<u8>> {
    let Some(path) = known_form(path) else { return refusal(StatusCode::NOT_FOUND) };
    let Ok(inbox) = shell.inbox().await else { return refusal(StatusCode::SERVICE_UNAVAILABLE) };
    match inbox.media(path.to_owned()).await {
        Ok(Some((bytes, mime))) if TYPES.contains(&mime.as_str()) => respond(StatusCode::OK, &mime, bytes),
        Ok(_) => refusal(StatusCode::NOT_FOUND),
        Err(error) => {
            tracing::warn!(code = ?error.code, "a picture cannot be read");
            refusal(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// Letters, digits and single separators; nothing that could mean another folder.
fn known_form(path: &str) -> Option<&str> {
    let path = path.strip_prefix('/')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let sound = path.len() <= LONGEST && path.split('/').all(|part| !part.is_empty() && part.chars().all(plain));
    sound.then_some(path)
}

fn refusal(status: StatusCode) -> Response<Vec<u8>> {
    respond(status, "text/plain", Vec::new())
}

fn respond(status: StatusCode, mime: &str, body: Vec<u8>) -> Response<Vec<u8>> {
    // A path names one picture for ever; a refusal may be a picture that is still on its way.
    let cache = if status == StatusCode::OK { "private, max-age=31536000, immutable" } else { "no-store" };
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, mime)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox")
        .header(header::CACHE_CONTROL, cache)
        .body(body);
    response.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_the_cache() {
        assert_eq!(known_form("/a/1234"), Some("a/1234"));
        for bad in ["", "/", "a/1", "//a", "/a/../b", "/a/./b", "/a//b", "/a/", "/a/1.png", "/a%2f1", "/a\\b", "/a\0"] {
            assert_eq!(known_form(bad), None, "{bad:?}");
        }
        assert_eq!(known_form(&format!("/{}", "a".repeat(LONGEST + 1))), None);
    }

    #[test]
    fn an_answer_is_never_more_than_a_picture() {
        let ok = respond(StatusCode::OK, "image/webp", vec![1]);
        assert_eq!(ok.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(ok.headers()[header::CONTENT_SECURITY_POLICY], "default-src 'none'; sandbox");
        assert_eq!(refusal(StatusCode::NOT_FOUND).headers()[header::CACHE_CONTROL], "no-store");
    }
}
