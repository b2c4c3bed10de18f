//! Fetching pictures: from where, how much, and where redirects may lead.

use axum::response::{IntoResponse, Redirect, Response};
use backscroll_adapters::media_fetch::{FetchError, FetchLimits, Fetched, MediaFetcher};
use backscroll_model::MediaFailure;
use url::Url;

use crate::server::{Asked, Server};

fn answer(asked: &Asked) -> Response {
    match asked.path.as_str() {
        "/picture" => ([("content-type", "Image/PNG; x=1")], "bytes of a picture").into_response(),
        "/hop" => Redirect::temporary("/picture").into_response(),
        "/loop" => Redirect::temporary("/loop").into_response(),
        "/to-metadata" => Redirect::temporary("http://169.254.169.254/latest/").into_response(),
        "/to-private" => Redirect::temporary("https://10.0.0.1/x").into_response(),
        "/to-mapped" => Redirect::temporary("https://[::ffff:127.0.0.1]/x").into_response(),
        "/to-other-port" => Redirect::temporary("http://127.0.0.1:1/x").into_response(),
        "/to-file" => Redirect::temporary("file:///etc/passwd").into_response(),
        "/large" => vec![0u8; 2_000].into_response(),
        "/endless" => {
            let pieces = futures_util::stream::repeat_with(|| Ok::<_, std::convert::Infallible>("x".repeat(500)));
            axum::body::Body::from_stream(pieces).into_response()
        }
        "/packed" => ([("content-encoding", "gzip")], "bytes of a picture").into_response(),
        "/as-is" => ([("content-encoding", "identity")], "bytes of a picture").into_response(),
        "/drip" => {
            let first = futures_util::stream::iter([Ok::<_, std::convert::Infallible>("x")]);
            let never = futures_util::stream::pending();
            axum::body::Body::from_stream(futures_util::StreamExt::chain(first, never)).into_response()
        }
        "/silence" => axum::body::Body::from_stream(futures_util::stream::pending::<Result<&str, std::io::Error>>())
            .into_response(),
        "/empty" => ().into_response(),
        "/gone" => axum::http::StatusCode::FORBIDDEN.into_response(),
        "/busy" => axum::http::StatusCode::SERVICE_UNAVAILABLE.into_response(),
        _ => axum::http::StatusCode::NOT_FOUND.into_response(),
    }
}

async fn fetch(path: &str) -> Result<Fetched, FetchError> {
    let server = Server::start(answer).await;
    let origin = Url::parse(&server.base()).unwrap();
    let url = origin.join(path).unwrap();
    fetcher().fetch(url.as_str(), Some(&origin)).await
}

fn fetcher() -> MediaFetcher {
    MediaFetcher::new(FetchLimits { bytes: 1_000, ..FetchLimits::default() }).unwrap()
}

async fn failure(path: &str) -> Option<MediaFailure> {
    fetch(path).await.unwrap_err().failure()
}

#[tokio::test]
async fn the_exempt_origin_is_fetched_from_redirects_included() {
    for path in ["/picture", "/hop", "/as-is"] {
        let fetched = fetch(path).await.unwrap();
        assert_eq!(&fetched.bytes[..], b"bytes of a picture");
        if path != "/as-is" {
            assert_eq!(fetched.content_type.as_deref(), Some("image/png"));
        }
    }
}

#[tokio::test]
async fn no_redirect_leads_to_this_computer_or_its_network() {
    for path in ["/to-metadata", "/to-private", "/to-mapped", "/to-other-port", "/to-file", "/loop"] {
        assert_eq!(failure(path).await, Some(MediaFailure::Refused), "{path}");
    }
}

#[tokio::test]
async fn every_failure_says_whether_to_come_back() {
    assert_eq!(failure("/large").await, Some(MediaFailure::TooLarge));
    assert_eq!(failure("/endless").await, Some(MediaFailure::TooLarge));
    assert_eq!(failure("/packed").await, Some(MediaFailure::Unreadable), "what is packed may be a bomb");
    assert_eq!(failure("/empty").await, Some(MediaFailure::Unreadable));
    assert_eq!(failure("/gone").await, Some(MediaFailure::Gone));
    assert_eq!(failure("/absent").await, Some(MediaFailure::Gone));
    assert_eq!(failure("/busy").await, None);
}

#[tokio::test]
async fn without_the_exemption_loopback_is_never_reached() {
    let server = Server::start(answer).await;
    let port = server.addr.port();
    for url in [
        format!("http://127.0.0.1:{port}/picture"),
        format!("https://127.0.0.1:{port}/picture"),
        format!("https://localhost:{port}/picture"),
        format!("https://2130706433:{port}/picture"),
        format!("https://0x7f.1:{port}/picture"),
        format!("https://[::1]:{port}/picture"),
        format!("https://[::ffff:7f00:1]:{port}/picture"),
        format!("https://user:word@example.test:{port}/picture"),
        "data:image/png;base64,AAAA".to_owned(),
        "not an address".to_owned(),
        String::new(),
    ] {
        let error = fetcher().fetch(&url, None).await.unwrap_err();
        assert_eq!(error.failure(), Some(MediaFailure::Refused), "{url}: {error}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn an_exemption_is_for_one_loopback_origin_and_nothing_like_it() {
    let server = Server::start(answer).await;
    let picture = format!("http://{}/picture", server.addr);
    let other_port = "http://127.0.0.1:1/api";
    let public = "https://api.ayrshare.com/api";
    for origin in [other_port, public] {
        let origin = Url::parse(origin).unwrap();
        let error = fetcher().fetch(&picture, Some(&origin)).await.unwrap_err();
        assert_eq!(error.failure(), Some(MediaFailure::Refused));
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_drip_and_a_silence_are_not_waited_for() {
    let server = Server::start(answer).await;
    let origin = Url::parse(&server.base()).unwrap();
    let limits = FetchLimits { patience: std::time::Duration::from_millis(50), ..FetchLimits::default() };
    let fetcher = MediaFetcher::new(limits).unwrap();
    for path in ["drip", "silence"] {
        let error = fetcher.fetch(origin.join(path).unwrap().as_str(), Some(&origin)).await.unwrap_err();
        assert_eq!(error, FetchError::NotNow("it took too long".to_owned()), "{path}");
        assert_eq!(error.failure(), None, "another day it may be faster");
    }
}

#[tokio::test]
async fn a_file_is_written_piece_by_piece_and_what_cannot_be_written_is_no_fault_of_the_host() {
    let server = Server::start(answer).await;
    let origin = Url::parse(&server.base()).unwrap();
    let url = origin.join("/picture").unwrap();
    let mut file = Vec::new();
    let told = fetcher().fetch_into(url.as_str(), Some(&origin), &mut file).await.unwrap();
    assert_eq!((told.size, &file[..]), (18, &b"bytes of a picture"[..]));
    let mut four = [0_u8; 4];
    let mut full = std::io::Cursor::new(&mut four[..]);
    let error = fetcher().fetch_into(url.as_str(), Some(&origin), &mut full).await.unwrap_err();
    assert_eq!(error, FetchError::Write(std::io::ErrorKind::WriteZero));
    assert_eq!(error.failure(), None);
    assert_eq!(fetcher().up_to(17).fetch(url.as_str(), Some(&origin)).await.unwrap_err(), FetchError::TooLarge);
}
