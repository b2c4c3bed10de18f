//! The server of films and sounds, over a real connection: what it gives, to whom, and what it refuses.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use backscroll_desktop::media::server::{MediaServer, Played};
use backscroll_engine::{Inbox, InboxOptions, MetaSecrets, Secret, SecretsMode, SystemClock};
use backscroll_model::*;
use backscroll_simulator::{Clock, Content, Inbound, Platform as Sim, ProfileId, SimOptions, Simulator, WorldKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// An inbox that holds a film, a file and no copy of a sound.
struct Desk {
    inbox: Inbox,
    server: MediaServer,
    film: AttachmentId,
    paper: AttachmentId,
    voice: AttachmentId,
    _simulator: Simulator,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Desk {
    async fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let mut options = SimOptions::new(WorldKind::Small, Clock::manual(1_790_000_000_000));
        options.people_answer = false;
        let simulator = Simulator::start(options).await.unwrap();
        let graph = simulator.graph();
        let chat = graph.chats(ProfileId::PRIMARY, Sim::Facebook).remove(0);
        for content in [Content::Video, Content::File, Content::Audio] {
            graph.receive(&chat, Inbound::content(content)).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(InboxOptions {
            data_dir: folder.path().join("data"),
            secrets: SecretsMode::File,
            clock: Arc::new(SystemClock),
            seed: 1,
            decoder: ("no-decoder".into(), Vec::new()),
            read_only: false,
            demo: false,
        });
        let inbox = inbox.await.unwrap();
        let json = graph.secrets_json(ProfileId::PRIMARY);
        let secret = |name: &str| json.get(name).and_then(|v| v.as_str()).map(Secret::new);
        let secrets =
            MetaSecrets { token: secret("page_token").unwrap(), app_secret: secret("app_secret"), page: None };
        inbox.connect_meta(Some(graph.api_base()), secrets, None).await.unwrap();
        inbox.sync_once(None).await.unwrap();
        let rows = inbox.conversations(ConversationQuery::default(), None, 50).await.unwrap().rows;
        let row = rows.into_iter().find(|r| r.remote_id.as_str().contains(&chat.conversation)).unwrap();
        let thread = inbox.thread(row.id, ThreadPosition::Newest, 50).await.unwrap();
        let newest = |kind| {
            let mut all = thread.messages.iter().flat_map(|m| &m.attachments);
            all.rfind(|a| a.kind == kind).unwrap().id
        };
        let (film, paper, voice) = (newest(MessageKind::Video), newest(MessageKind::File), newest(MessageKind::Audio));
        inbox.fetch_media(film).await.unwrap();
        inbox.fetch_media(paper).await.unwrap();
        let server = MediaServer::default();
        Self { inbox, server, film, paper, voice, _simulator: simulator, _folder: folder }
    }

    /// Host and path of an attachment's address.
    async fn address(&self, id: AttachmentId) -> (String, String) {
        let url = self.server.address(self.inbox.clone(), Played::Attachment(id)).await.unwrap();
        let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        (host.to_owned(), format!("/{path}"))
    }

    async fn film_bytes(&self) -> Vec<u8> {
        let copy = self.inbox.media_copy(self.film).await.unwrap().unwrap();
        std::fs::read(copy.file).unwrap()
    }
}

/// Says exactly this to `address`, whatever `Host` it names.
async fn say(address: &str, request: &str) -> Answer {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body: bytes[end + 4..].to_vec() }
}

async fn ask(method: &str, host: &str, path: &str, more: &str) -> Answer {
    say(host, &format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n")).await
}

#[tokio::test]
async fn a_film_is_given_whole_and_in_parts() {
    let desk = Desk::new().await;
    let (host, path) = desk.address(desk.film).await;
    assert!(host.starts_with("127.0.0.1:"));
    let bytes = desk.film_bytes().await;
    let size = bytes.len();

    let whole = ask("GET", &host, &path, "").await;
    assert_eq!((whole.status, whole.header("content-type")), (200, Some("video/mp4")));
    assert_eq!(
        (whole.header("accept-ranges"), whole.header("x-content-type-options")),
        (Some("bytes"), Some("nosniff"))
    );
    assert_eq!((whole.header("cache-control"), whole.header("access-control-allow-origin")), (Some("no-store"), None));
    assert!(whole.body == bytes);

    for (range, from, to) in [("0-0", 0, 1), ("100-199", 100, 200), ("-10", size - 10, size), ("5-", 5, size)] {
        let part = ask("GET", &host, &path, &format!("Range: bytes={range}\r\n")).await;
        assert_eq!(part.status, 206, "{range}");
        assert_eq!(part.header("content-range"), Some(format!("bytes {from}-{}/{size}", to - 1).as_str()));
        assert_eq!(part.header("content-length"), Some((to - from).to_string().as_str()));
        assert!(part.body == bytes[from..to], "{range}");
    }
    let beyond = ask("GET", &host, &path, &format!("Range: bytes={size}-\r\n")).await;
    assert_eq!((beyond.status, beyond.body.len()), (416, 0));
    assert_eq!(beyond.header("content-range"), Some(format!("bytes */{size}").as_str()));
    let several = ask("GET", &host, &path, "Range: bytes=0-1,3-4\r\n").await;
    assert_eq!((several.status, several.body.len()), (200, size));
    let if_range = ask("GET", &host, &path, "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n").await;
    assert_eq!((if_range.status, if_range.body.len()), (200, size));

    let head = ask("HEAD", &host, &path, "Range: bytes=0-1\r\n").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(size.to_string().as_str()));
}

#[tokio::test]
async fn whoever_does_not_know_the_token_or_comes_under_another_name_hears_nothing() {
    let desk = Desk::new().await;
    let (host, path) = desk.address(desk.film).await;
    let port = host.rsplit(':').next().unwrap();
    let token = path.split('/').nth(1).unwrap();
    let id = desk.film.0;
    for path in [
        "/".to_owned(),
        format!("/{id}"),
        format!("/{}/{id}", "0".repeat(32)),
        format!("/{}/{id}", &token[..31]),
        format!("/{token}/../{token}/{id}"),
        format!("/{token}/{id}/../../../../etc/passwd"),
        format!("/{token}/..%2f..%2fbackscroll.db"),
        format!("/{token}//{id}"),
        format!("/{token}/0{}", "9".repeat(30)),
        format!("/{token}/999999"),
    ] {
        let answer = ask("GET", &host, &path, "").await;
        assert_eq!((answer.status, answer.body.len()), (404, 0), "{path}");
    }
    for name in
        ["evil.example".to_owned(), format!("localhost:{port}"), format!("evil.example:{port}"), "127.0.0.1".to_owned()]
    {
        let answer = say(&host, &format!("GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n")).await;
        assert_eq!((answer.status, answer.body.len()), (404, 0), "{name}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        assert_eq!(ask(method, &host, &path, "").await.status, 405, "{method}");
    }
}

#[tokio::test]
async fn only_copies_of_films_and_sounds_are_played() {
    let desk = Desk::new().await;
    for (id, what) in [(desk.paper, "a document"), (desk.voice, "no copy yet")] {
        let (host, path) = desk.address(id).await;
        assert_eq!(ask("GET", &host, &path, "").await.status, 404, "{what}");
    }
    desk.inbox.fetch_media(desk.voice).await.unwrap();
    let (host, path) = desk.address(desk.voice).await;
    let voice = ask("GET", &host, &path, "").await;
    assert_eq!((voice.status, voice.header("content-type")), (200, Some("audio/wav")));
}

#[tokio::test]
async fn every_run_has_its_own_token_and_nobody_is_heard_after_the_end() {
    let desk = Desk::new().await;
    let (host, path) = desk.address(desk.film).await;
    let taken = MediaServer::take_port();
    let origin = taken.origin().unwrap();
    let other = taken.address(desk.inbox.clone(), Played::Attachment(desk.film)).await.unwrap();
    assert!(other.starts_with(&format!("{origin}/")), "the origin that the policy names");
    assert_ne!(other.rsplit('/').nth(1), path.split('/').nth(1));

    let mut kept = tokio::net::TcpStream::connect(&host).await.unwrap();
    kept.write_all(format!("HEAD {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    let mut first = [0; 12];
    kept.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    desk.server.close();
    kept.write_all(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes()).await.ok();
    let mut rest = Vec::new();
    kept.read_to_end(&mut rest).await.ok();
    assert!(!String::from_utf8_lossy(&rest).contains("HTTP/1.1 200"), "a kept connection hears nothing either");
}
