//! Files on their way to a customer: what arrives there is the very thing that left here, and what does not arrive is
//! never said to have.

use std::io::Write as _;
use std::time::Duration;

use backscroll_adapters::{
    AdapterError, Content, Kind, Limits, Outgoing, Progress, Retry, SendOutcome, UploadFile, UploadRef, Uploaded,
};
use backscroll_model::{OutgoingKind, Provider};
use backscroll_simulator::{AccessUrl, Chat, Fault, LedgerEntry, Platform, WorldKind};
use sha2::{Digest as _, Sha256};
use tempfile::{NamedTempFile, TempDir};
use tokio::sync::watch;

use crate::log;
use crate::subject::{Subject, ours};

pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and some pixels";
const MP4: &[u8] = b"\0\0\0\x18ftypisom....moov....hdlrvide....hdlrsoun";
const WAV: &[u8] = b"RIFF....WAVEfmt and a word";
pub(crate) const PDF: &[u8] = b"%PDF-1.4 order";
pub(crate) const DAY: u64 = 86_400;

/// A file that leaves; it lies on the disk as long as this lives.
pub(crate) struct Leaving {
    pub(crate) file: UploadFile,
    _disk: NamedTempFile,
}

pub(crate) fn leaving(platform: Platform, name: &str, bytes: &[u8]) -> Leaving {
    let (kind, mime) = match name.rsplit_once('.').unwrap().1 {
        "png" => (OutgoingKind::Image, "image/png"),
        "mp4" => (OutgoingKind::Video, "video/mp4"),
        "wav" => (OutgoingKind::Audio, "audio/wav"),
        _ => (OutgoingKind::File, "application/pdf"),
    };
    let mut disk = NamedTempFile::new().unwrap();
    disk.write_all(bytes).unwrap();
    let file = UploadFile {
        platform: ours(platform),
        path: disk.path().to_owned(),
        name: name.to_owned(),
        mime: mime.to_owned(),
        bytes: bytes.len() as u64,
        kind,
    };
    Leaving { file, _disk: disk }
}

/// So many zeros that take no place on the disk.
pub(crate) fn sparse(platform: Platform, name: &str, bytes: u64) -> Leaving {
    padded(platform, name, b"", bytes)
}

/// The same after a beginning.
fn padded(platform: Platform, name: &str, head: &[u8], bytes: u64) -> Leaving {
    let mut leaving = leaving(platform, name, head);
    leaving._disk.as_file().set_len(bytes).unwrap();
    leaving.file.bytes = bytes;
    leaving
}

pub(crate) fn message(chat: &Chat, content: Content) -> Outgoing {
    Outgoing {
        platform: ours(chat.platform),
        conversation: chat.conversation.as_str().into(),
        recipient: Some(chat.person.as_str().into()),
        content,
        reply_to: None,
        client_ref: "c-01J9Z2".to_owned(),
        human_agent: false,
    }
}

pub(crate) fn with_files(chat: &Chat, kind: OutgoingKind, refs: &[UploadRef]) -> Outgoing {
    let text = (chat.platform == Platform::Twitter).then(|| "Look".to_owned());
    message(chat, Content::Files { refs: refs.to_vec(), kind, text })
}

impl Subject {
    pub(crate) async fn upload(&self, file: &UploadFile) -> Result<Uploaded, AdapterError> {
        self.adapter.upload(file, &watch::Sender::default()).await
    }

    /// A conversation whose person has just written.
    pub(crate) fn open_chat(&self, platform: Platform) -> Chat {
        let chat = self.chats(platform).remove(0);
        self.sim.inbound(&chat, "Hello?").unwrap();
        chat
    }

    pub(crate) fn delivered(&self, outcome: &SendOutcome) -> LedgerEntry {
        let SendOutcome::Accepted { remote_id, .. } = outcome else { panic!("not accepted: {outcome:?}") };
        self.sim.delivered().into_iter().find(|entry| entry.id == remote_id.as_str()).unwrap()
    }
}

#[tokio::test]
async fn a_customer_gets_the_very_file_that_was_uploaded() {
    for provider in Provider::ALL {
        let subject = Subject::start(provider).await;
        for platform in [Platform::Facebook, Platform::Instagram] {
            let chat = subject.open_chat(platform);
            for (name, bytes, kind) in [
                ("cake.png", PNG, "image"),
                ("oven.mp4", MP4, "video"),
                ("word.wav", WAV, "audio"),
                ("a.pdf", PDF, "file"),
            ] {
                let leaving = leaving(platform, name, bytes);
                let progress = watch::Sender::new(Progress { sent: 7, calls: 0 });
                let uploaded = subject.adapter.upload(&leaving.file, &progress).await.unwrap();
                let calls = if provider == Provider::Meta { 1 } else { 2 };
                let all = Progress { sent: bytes.len() as u64, calls };
                assert_eq!(*progress.borrow(), all, "{provider:?} {name}: all of it, and each call was counted");
                assert_eq!(uploaded.lasts, Some(Duration::from_secs(90 * DAY)));
                let outcome = subject.adapter.send(&with_files(&chat, leaving.file.kind, &[uploaded.reference])).await;
                let row = subject.delivered(&outcome);
                assert_eq!((row.conversation, row.text, row.files.len()), (chat.conversation.clone(), None, 1));
                let file = &row.files[0];
                assert_eq!(file.sha256.as_deref(), Some(hex::encode(Sha256::digest(bytes)).as_str()), "{provider:?}");
                assert_eq!((file.kind.as_str(), file.size), (kind, Some(bytes.len() as u64)));
                let echoed = provider == Provider::Meta && platform == Platform::Facebook;
                assert_eq!(row.metadata.as_deref(), echoed.then_some("c-01J9Z2"));
            }
        }
        assert_eq!(subject.sim.delivered().len(), 8, "{provider:?}: one each");
    }
}

#[tokio::test]
async fn x_takes_one_file_with_its_text() {
    let subject = Subject::start_in(WorldKind::Small, Provider::Ayrshare, Limits::default()).await;
    let chat = subject.open_chat(Platform::Twitter);
    let leaving = leaving(Platform::Twitter, "cake.png", PNG);
    let uploaded = subject.upload(&leaving.file).await.unwrap();
    let whole = with_files(&chat, OutgoingKind::Image, std::slice::from_ref(&uploaded.reference));
    for (refs, text) in [(2, Some("Look")), (1, None), (1, Some("")), (0, Some("Look"))] {
        let refs = vec![uploaded.reference.clone(); refs];
        let content = Content::Files { refs, kind: OutgoingKind::Image, text: text.map(str::to_owned) };
        let outcome = subject.adapter.send(&message(&chat, content)).await;
        assert!(matches!(&outcome, SendOutcome::Refused(error) if error.kind == Kind::Rejected), "{outcome:?}");
    }
    assert!(subject.sim.delivered().is_empty());
    let row = subject.delivered(&subject.adapter.send(&whole).await);
    assert_eq!(row.text.as_deref(), Some("Look"));
    for name in ["word.wav", "a.pdf"] {
        let error = subject.upload(&self::leaving(Platform::Twitter, name, WAV).file).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unsupported, "{name}");
    }
}

#[tokio::test]
async fn one_upload_is_good_for_many_messages_until_it_ends() {
    for provider in Provider::ALL {
        let subject = Subject::start(provider).await;
        let leaving = leaving(Platform::Facebook, "cake.png", PNG);
        let reference = subject.upload(&leaving.file).await.unwrap().reference;
        for days in [0, 89] {
            subject.pass(days * DAY).await;
            let chat = subject.open_chat(Platform::Facebook);
            let outcome =
                subject.adapter.send(&with_files(&chat, OutgoingKind::Image, std::slice::from_ref(&reference))).await;
            assert_eq!(subject.delivered(&outcome).files.len(), 1, "{provider:?} after {days} days");
        }
        subject.pass(2 * DAY).await;
        let chat = subject.open_chat(Platform::Facebook);
        let ended = subject.adapter.send(&with_files(&chat, OutgoingKind::Image, &[reference])).await;
        let SendOutcome::Refused(error) = ended else { panic!("{provider:?}: {ended:?}") };
        let code = if provider == Provider::Meta { "100/2018074" } else { "479" };
        assert_eq!((error.kind, error.code.as_deref()), (Kind::UploadGone, Some(code)));
        assert_eq!(subject.sim.delivered().len(), 2, "{provider:?}");
    }
}

#[tokio::test]
async fn what_breaks_off_may_be_tried_again_and_is_no_upload() {
    let faults = || {
        [
            Fault::Reset,
            Fault::CutUpload { after: 10 },
            Fault::http(500),
            Fault::Html { http: 502 },
            Fault::Empty,
            Fault::Body { http: 200, body: "{}".to_owned() },
            Fault::Redirect { http: 307, to: "https://elsewhere.test/".to_owned() },
            Fault::apply_then_drop(),
            Fault::RateLimited { retry_after_s: Some(7) },
        ]
    };
    for provider in Provider::ALL {
        let subject = Subject::start(provider).await;
        let leaving = leaving(Platform::Instagram, "cake.png", PNG);
        for fault in faults() {
            let name = fault.name();
            subject.fail_upload(fault);
            let error = subject.upload(&leaving.file).await.unwrap_err();
            assert!(matches!(error.kind.retry(), Retry::Backoff | Retry::After(_)), "{provider:?} {name}: {error}");
            assert!(subject.upload(&leaving.file).await.is_ok(), "{provider:?} {name}");
        }
    }
}

#[tokio::test]
async fn a_dead_secret_is_told_at_the_upload_already() {
    for provider in Provider::ALL {
        let subject = Subject::start(provider).await;
        let kind = if provider == Provider::Meta {
            let token = subject.sim.graph().page_token(crate::P);
            subject.sim.graph().set_token_state(&token, backscroll_simulator::TokenState::Revoked).unwrap();
            Kind::TokenRevoked
        } else {
            subject.sim.revoke_api_key();
            Kind::KeyRefused
        };
        for bytes in [10, 31_000_000] {
            let error = subject.upload(&sparse(Platform::Facebook, "a.mp4", bytes).file).await.unwrap_err();
            assert_eq!(error.kind, kind, "{provider:?}: {error}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_stops_listening_is_given_up() {
    for provider in Provider::ALL {
        let limits = Limits { upload: Duration::from_millis(300), ..Limits::default() };
        let world = WorldKind::Small;
        let subject = Subject::start_in(world, provider, limits).await;
        let leaving = leaving(Platform::Facebook, "cake.png", PNG);
        subject.fail_upload(Fault::HalfOpen);
        let error = subject.upload(&leaving.file).await.unwrap_err();
        assert_eq!((error.kind, error.http_status), (Kind::Network, None), "{provider:?}");
        // In the middle of it: the system's buffers are full, and nobody reads.
        subject.fail_upload(Fault::SlowUpload { bytes_per_second: 1 });
        let large = sparse(Platform::Facebook, "oven.mp4", 24_000_000);
        let progress = watch::Sender::default();
        let error = subject.adapter.upload(&large.file, &progress).await.unwrap_err();
        assert_eq!(error.kind, Kind::Network, "{provider:?}");
        assert!(progress.borrow().sent < large.file.bytes, "{provider:?}: {:?}", *progress.borrow());
    }
}

#[tokio::test]
async fn dropping_an_upload_breaks_it_off() {
    for provider in Provider::ALL {
        let subject = Subject::start(provider).await;
        subject.fail_upload(Fault::SlowUpload { bytes_per_second: 1 });
        let large = sparse(Platform::Facebook, "oven.mp4", 24_000_000);
        let progress = watch::Sender::default();
        let mut moved = progress.subscribe();
        tokio::select! {
            done = subject.adapter.upload(&large.file, &progress) => panic!("{provider:?}: {done:?}"),
            sent = moved.wait_for(|now| now.sent > 100_000) => assert!(sent.unwrap().sent < large.file.bytes),
        }
        // Whoever reads the file holds a sender: without one, nobody goes on reading.
        drop(progress);
        let given_up = async { while moved.changed().await.is_ok() {} };
        tokio::time::timeout(Duration::from_secs(60), given_up).await.unwrap();
        assert!(subject.sim.requests().iter().all(|request| request.status.is_none()), "{provider:?}");
        assert!(subject.upload(&leaving(Platform::Facebook, "cake.png", PNG).file).await.is_ok());
    }
}

#[tokio::test]
async fn a_file_that_is_not_what_was_to_be_sent_never_leaves() {
    let folder = TempDir::new().unwrap();
    for provider in Provider::ALL {
        let subject = Subject::start(provider).await;
        let good = leaving(Platform::Facebook, "cake.png", PNG);
        let with = |change: &dyn Fn(&mut UploadFile)| {
            let mut file = good.file.clone();
            change(&mut file);
            file
        };
        for file in [
            with(&|file| file.path = folder.path().join("gone.png")),
            with(&|file| file.path = folder.path().to_owned()),
            with(&|file| file.bytes += 1),
            with(&|file| file.bytes -= 1),
            with(&|file| file.bytes = 0),
            with(&|file| file.mime = "no type".to_owned()),
            sparse(Platform::Facebook, "empty.png", 0).file,
        ] {
            let error = subject.upload(&file).await.unwrap_err();
            assert_eq!((&error.kind, error.kind.retry()), (&Kind::Rejected, Retry::Never), "{provider:?} {file:?}");
            assert!(!error.to_string().contains("cake") && !error.to_string().contains('/'), "no path in {error}");
        }
        assert!(subject.sim.requests().is_empty(), "{provider:?}");
    }
}

#[tokio::test]
async fn beyond_30_megabytes_a_file_goes_by_upload_address() {
    let subject = Subject::start_in(WorldKind::Small, Provider::Ayrshare, Limits::default()).await;
    let chat = subject.open_chat(Platform::Twitter);
    let (form, address) = (30_000_000, 30_000_001);
    for (bytes, paths, days) in [
        (form, vec!["/media/upload", "/media/urlExists"], 90),
        (address, vec!["/media/uploadUrl", "/upload/", "/media/urlExists"], 30),
    ] {
        subject.sim.clear_requests();
        let leaving = padded(Platform::Twitter, "oven.mp4", MP4, bytes);
        let progress = watch::Sender::default();
        let uploaded = subject.adapter.upload(&leaving.file, &progress).await.unwrap();
        assert_eq!((uploaded.lasts, progress.borrow().sent), (Some(Duration::from_secs(days * DAY)), bytes));
        assert_eq!(progress.borrow().calls, 2, "the transfer itself carries no key and is not counted");
        // The look of `urlExists` at the file itself is the simulator's own.
        let asked: Vec<_> = subject.sim.requests().into_iter().filter(|r| !r.path.starts_with("/files/")).collect();
        assert_eq!(asked.len(), paths.len());
        assert!(asked.iter().zip(&paths).all(|(request, path)| request.path.starts_with(path)), "{asked:?}");
        let put = asked.iter().find(|request| request.method == "PUT");
        assert_eq!(put.is_some(), bytes == address);
        if let Some(put) = put {
            let header = |name: &str| put.headers.get(name).map(String::as_str);
            assert_eq!((header("authorization"), header("profile-key")), (None, None), "no key of ours");
            assert_eq!(header("content-type"), Some("video/mp4"), "the type that was answered");
            assert_eq!((header("content-length"), header("transfer-encoding")), (Some("30000001"), None));
        }
        assert!(uploaded.reference.0.ends_with(".mp4"));
        let send = with_files(&chat, OutgoingKind::Video, &[uploaded.reference]);
        assert_eq!(subject.delivered(&subject.adapter.send(&send).await).files[0].size, Some(bytes));
    }
    // Zeros are no film: the network looks, and says so.
    let zeros = subject.upload(&sparse(Platform::Twitter, "oven.mp4", address).file).await.unwrap().reference;
    let outcome = subject.adapter.send(&with_files(&chat, OutgoingKind::Video, &[zeros])).await;
    assert!(matches!(&outcome, SendOutcome::Refused(error) if error.kind == Kind::Rejected), "{outcome:?}");
}

#[tokio::test]
async fn an_upload_address_whose_file_no_message_could_hold_gets_no_byte() {
    for form in [AccessUrl::NoExtension, AccessUrl::Query] {
        let subject = Subject::start(Provider::Ayrshare).await;
        subject.sim.set_knobs(|knobs| knobs.access_url = form);
        let error = subject.upload(&sparse(Platform::Facebook, "oven.mp4", 31_000_000).file).await.unwrap_err();
        assert_eq!((&error.kind, error.kind.retry()), (&Kind::Rejected, Retry::Never));
        assert!(subject.sim.requests().iter().all(|request| request.method == "GET"), "{form:?}");
        assert!(subject.upload(&leaving(Platform::Facebook, "cake.png", PNG).file).await.is_ok());
    }
}

#[tokio::test]
async fn an_upload_address_that_fails_heals_with_a_new_one() {
    let subject = Subject::start(Provider::Ayrshare).await;
    let large = sparse(Platform::Facebook, "oven.mp4", 31_000_000);
    for fault in
        [Fault::Reset, Fault::CutUpload { after: 1_000_000 }, Fault::http(403), Fault::http(503), Fault::LostUpload]
    {
        let name = fault.name();
        subject.sim.on("PUT", "/upload/").fail(fault);
        let error = subject.upload(&large.file).await.unwrap_err();
        assert_eq!(error.kind.retry(), Retry::Backoff, "{name}: {error}");
        assert!(!error.to_string().contains("/upload/"), "{error}");
    }
    assert!(subject.upload(&large.file).await.is_ok());
    let puts: Vec<_> = subject.sim.requests().into_iter().filter(|r| r.method == "PUT").map(|r| r.path).collect();
    let once: std::collections::BTreeSet<_> = puts.iter().collect();
    assert_eq!((puts.len(), once.len()), (6, 6), "each address is used once");
    subject.sim.set_knobs(|knobs| knobs.upload_url_limit = 30_500_000);
    assert_eq!(subject.upload(&large.file).await.unwrap_err().kind.retry(), Retry::Never);
}

#[tokio::test]
async fn a_file_that_was_lost_after_its_upload_is_never_said_to_be_sent() {
    for provider in Provider::ALL {
        let subject = Subject::start(provider).await;
        let chat = subject.open_chat(Platform::Facebook);
        let leaving = leaving(Platform::Facebook, "cake.png", PNG);
        subject.fail_upload(Fault::LostUpload);
        match (provider, subject.upload(&leaving.file).await) {
            // Seen at once, by looking.
            (Provider::Ayrshare, Err(error)) => {
                assert_eq!((error.kind.retry(), error.kind), (Retry::Backoff, Kind::Server));
                assert!(error.said.contains("404 Not Found"));
            }
            (Provider::Meta, Ok(uploaded)) => {
                let outcome =
                    subject.adapter.send(&with_files(&chat, OutgoingKind::Image, &[uploaded.reference])).await;
                let SendOutcome::Refused(error) = outcome else { panic!("{outcome:?}") };
                assert_eq!((error.kind, error.code.as_deref()), (Kind::UploadGone, Some("100/2018074")));
            }
            (_, other) => panic!("{provider:?}: {other:?}"),
        }
        assert!(subject.sim.delivered().is_empty());
    }
}

#[tokio::test]
async fn a_look_whose_answer_is_lost_is_taken_again_without_a_second_upload() {
    let subject = Subject::start(Provider::Ayrshare).await;
    let leaving = leaving(Platform::Facebook, "cake.png", PNG);
    subject.sim.on("POST", "/media/urlExists").fail(Fault::Reset);
    assert!(subject.upload(&leaving.file).await.is_ok());
    let uploads = || subject.sim.requests().iter().filter(|r| r.path == "/media/upload").count();
    assert_eq!(uploads(), 1);
    for (fault, retry) in [
        (Fault::MediaShape, Retry::Backoff),
        (Fault::http(503), Retry::Backoff),
        (Fault::Html { http: 200 }, Retry::Backoff),
        (Fault::http(401), Retry::UserMustAct),
        (Fault::RateLimited { retry_after_s: Some(7) }, Retry::After(Some(Duration::from_secs(7)))),
    ] {
        let name = fault.name();
        subject.sim.on("POST", "/media/urlExists").fail(fault);
        assert_eq!(subject.upload(&leaving.file).await.unwrap_err().kind.retry(), retry, "{name}");
    }
}

#[test]
fn no_upload_address_no_key_and_no_path_is_in_any_error_or_log() {
    let (log, guard) = log::Log::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for provider in Provider::ALL {
            let subject = Subject::start(provider).await;
            let large = sparse(Platform::Facebook, "oven.mp4", 31_000_000);
            let small = leaving(Platform::Facebook, "cake.png", PNG);
            let mut words = String::new();
            for fault in [Fault::Reset, Fault::http(403), Fault::http(500), Fault::LostUpload] {
                subject.sim.on("PUT", "/upload/").fail(fault.clone());
                subject.fail_upload(fault);
                for leaving in [&large, &small] {
                    let failed = subject.upload(&leaving.file).await.err();
                    words.push_str(&format!("{failed:?} {:?} ", failed.as_ref().map(ToString::to_string)));
                }
            }
            words.push_str(&log.take());
            let mut secrets = subject.secrets();
            let puts = subject.sim.requests().into_iter().filter(|request| request.method == "PUT");
            secrets.extend(puts.map(|request| request.path.trim_start_matches("/upload/").to_owned()));
            secrets.extend([&large, &small].map(|leaving| leaving.file.path.to_string_lossy().into_owned()));
            for secret in secrets {
                assert!(!words.contains(&secret), "{provider:?}: {secret} is told");
            }
        }
    });
    drop(guard);
}
