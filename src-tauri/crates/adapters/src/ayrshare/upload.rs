//! Brings a file to a public address, from where the networks fetch it (`reference/ayrshare.md` 7).
//!
//! Promises: a form up to 30 MB, an upload address beyond, each of which may stand in for the other; the file can be
//! fetched when this says so (`urlExists`: a failed transfer raises no error, 7.2); its address is one that a send takes
//! (3.3), or nothing is uploaded to it.
//!
//! Refuses: keys on the way to an upload address, and looking into what its host answers. An upload address is used
//! once; what breaks off begins anew with a new one.

use std::time::Duration;

use backscroll_model::Provider;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use tokio::sync::watch;
use url::Url;

use super::client::{As, Ayrshare, local};
use super::outcome::Reply;
use super::refusal::Refusal;
use crate::http::Facts;
use crate::loose::{self, Raw};
use crate::upload::Departure;
use crate::{AdapterError, Kind, Progress, UploadFile, UploadRef, Uploaded, content};

/// The most that a form takes: 30 MB (7.1), read as the smaller of the two meanings of MB.
const BY_FORM: u64 = 30_000_000;
/// The most that an upload address takes: 5 GB (7.2).
const BY_ADDRESS: u64 = 5_000_000_000;
const DAY: Duration = Duration::from_secs(86_400);
/// What came by form is kept so long.
const FORM_LASTS: Duration = DAY.saturating_mul(90);
/// What came by upload address is kept so long.
const ADDRESS_LASTS: Duration = DAY.saturating_mul(30);
/// The endings that a send takes (3.3).
const ENDINGS: [&str; 17] = [
    "jpg", "jpeg", "png", "gif", "webp", "bmp", "mp4", "mov", "avi", "webm", "ogg", "m4v", "aac", "wav", "m4a", "mp3",
    "pdf",
];
/// The endings that `contentType` takes as they are (7.2, quirk 20); for others the file name speaks.
const SHORT_TYPES: [&str; 5] = ["mp4", "mov", "png", "jpg", "jpeg"];

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Told<'a> {
    #[serde(borrow)]
    url: Raw<'a>,
    #[serde(borrow)]
    access_url: Raw<'a>,
    #[serde(borrow)]
    upload_url: Raw<'a>,
    #[serde(borrow)]
    content_type: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Existence<'a> {
    #[serde(borrow)]
    status: Raw<'a>,
    #[serde(borrow)]
    code: Raw<'a>,
    #[serde(borrow)]
    status_code: Raw<'a>,
    #[serde(borrow)]
    status_text: Raw<'a>,
}

impl Ayrshare {
    /// Uploads `file` and sees to it that it is there.
    pub(super) async fn upload_file(
        &self,
        file: &UploadFile,
        progress: &watch::Sender<Progress>,
    ) -> Result<Uploaded, AdapterError> {
        content::takes(Provider::Ayrshare, file.platform, file.kind)?;
        // The upload would do without; the send after it will not.
        self.refuse_x_without_keys(Some(file.platform))?;
        if !ending(&file.name).is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
            return Err(local(Kind::Rejected, "no network takes a file with such an ending"));
        }
        if file.bytes > BY_ADDRESS {
            return Err(local(Kind::TooLarge, "more than 5 GB"));
        }
        let by_form = if file.bytes > BY_FORM { None } else { self.by_form(file, progress).await? };
        let uploaded = match by_form {
            Some(uploaded) => uploaded,
            None => self.by_address(file, progress).await?,
        };
        self.require_there(&uploaded.reference.0, progress).await?;
        Ok(uploaded)
    }

    /// Whether a send may name this address (3.3): it can be fetched, has an ending that is known, and nothing behind it.
    pub(super) fn is_sendable(&self, address: &str) -> bool {
        let Ok(url) = Url::parse(address) else { return false };
        let last = url.path_segments().and_then(|mut segments| segments.next_back()).and_then(ending);
        self.is_reachable(&url)
            && url.query().is_none()
            && url.fragment().is_none()
            && last.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
    }

    /// 7.1. `None`: it has arrived at an address that no send takes.
    async fn by_form(
        &self,
        file: &UploadFile,
        progress: &watch::Sender<Progress>,
    ) -> Result<Option<Uploaded>, AdapterError> {
        let (body, escort) = Departure::of(file, progress, self.limits.upload).await?.depart();
        let part = Part::stream_with_length(body, file.bytes).file_name(file.name.clone()).mime_str(&file.mime);
        let part = part.map_err(|_| local(Kind::Rejected, "the file has no type"))?;
        let form = Form::new().text("fileName", file.name.clone()).part("file", part);
        Progress::calls(progress);
        let answer = self.post_form("/media/upload", form, escort).await?;
        let told: Told<'_> = serde_json::from_slice(&answer.body).unwrap_or_default();
        let url =
            loose::text(told.url).ok_or_else(|| self.error(Kind::Decode, Some(200), "no address", answer.facts))?;
        let uploaded = Uploaded { reference: UploadRef(url), lasts: Some(FORM_LASTS) };
        Ok(Some(uploaded).filter(|uploaded| self.is_sendable(&uploaded.reference.0)))
    }

    /// 7.2. The address of the file is known, and judged, before a byte of it leaves.
    async fn by_address(
        &self,
        file: &UploadFile,
        progress: &watch::Sender<Progress>,
    ) -> Result<Uploaded, AdapterError> {
        let short = ending(&file.name).filter(|ending| SHORT_TYPES.contains(&ending.as_str()));
        let mut query = vec![("fileName", file.name.as_str())];
        query.extend(short.as_deref().map(|short| ("contentType", short)));
        Progress::calls(progress);
        let answer = self.get_small("/media/uploadUrl", &query, As::Connection).await?;
        let told: Told<'_> = serde_json::from_slice(&answer.body).unwrap_or_default();
        let nonsense = |said: &str| self.error(Kind::Decode, Some(200), said, answer.facts);
        let (Some(access), Some(upload), Some(mime)) =
            (loose::text(told.access_url), loose::text(told.upload_url), loose::text(told.content_type))
        else {
            return Err(nonsense("an upload address is not complete"));
        };
        if !self.is_sendable(&access) {
            return Err(local(Kind::Rejected, "the file would get an address that no message can hold"));
        }
        let address = Url::parse(&upload).ok().filter(|address| self.is_reachable(address));
        let address = address.ok_or_else(|| nonsense("an upload address that is none"))?;
        let mime = HeaderValue::from_str(&mime).map_err(|_| nonsense("a type that is none"))?;
        // The length, else the body would go in chunks, which storage hosts refuse.
        let headers = [(CONTENT_TYPE, mime), (CONTENT_LENGTH, HeaderValue::from(file.bytes))];
        let (body, escort) = Departure::of(file, progress, self.limits.upload).await?.depart();
        let status = self.put_file(address, HeaderMap::from_iter(headers), body, escort).await?;
        match put_kind(status) {
            None => Ok(Uploaded { reference: UploadRef(access), lasts: Some(ADDRESS_LASTS) }),
            Some(kind) => Err(self.error(kind, Some(status), "the storage did not take the file", Facts::default())),
        }
    }

    /// 7.3.
    async fn require_there(&self, address: &str, progress: &watch::Sender<Progress>) -> Result<(), AdapterError> {
        let there = self.is_there(address, progress).await;
        match there {
            // For a lost answer no upload is thrown away.
            Err(error) if error.http_status.is_none() => self.is_there(address, progress).await,
            there => there,
        }
    }

    async fn is_there(&self, address: &str, progress: &watch::Sender<Progress>) -> Result<(), AdapterError> {
        Progress::calls(progress);
        let body = serde_json::json!({ "mediaUrl": address });
        let (status, facts, body) = match self.post_once("/media/urlExists", &body, None).await? {
            Reply::Failed { kind, said } => return Err(self.error(kind, None, &said, Facts::default())),
            Reply::Answered { status, facts, body } => (status, facts, body.unwrap_or_default()),
        };
        let json = std::str::from_utf8(&body).unwrap_or_default();
        match existence(status, json) {
            Some(Ok(())) => Ok(()),
            Some(Err(said)) => Err(self.error(Kind::Server, Some(status), &said, facts)),
            None => {
                let refusal = Refusal::of(json);
                Err(self.refusal(status, refusal.as_ref(), "an answer that says nothing", facts, As::Connection))
            }
        }
    }
}

/// What an answer of `urlExists` says: there, or not, and why. By the body, because the status of a refusal is not
/// documented; a refusal of the question itself has a `code` (9.1). `None`: none of these.
fn existence(status: u16, json: &str) -> Option<Result<(), String>> {
    let found: Existence<'_> = serde_json::from_str(json).ok()?;
    let word = loose::text(found.status)?.to_ascii_lowercase();
    let host_said = loose::text(found.status_code);
    match (word.as_str(), host_said) {
        ("success", _) if (200..300).contains(&status) => Some(Ok(())),
        ("error", Some(host_said)) if loose::text(found.code).is_none() => {
            let words = loose::text(found.status_text).unwrap_or_default();
            Some(Err(format!("the uploaded file cannot be fetched: {host_said} {words}")))
        }
        _ => None,
    }
}

/// What the answer of a storage host means; `None`: it took the file. 403 is an address whose time or turn is over:
/// another one heals that, as it heals what 408, 429 and 5xx stand for.
fn put_kind(status: u16) -> Option<Kind> {
    match status {
        200..=299 => None,
        413 => Some(Kind::TooLarge),
        403 | 408 | 429 | 100..=199 | 300..=399 | 500.. => Some(Kind::Server),
        _ => Some(Kind::Rejected),
    }
}

fn ending(name: &str) -> Option<String> {
    name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::Secret;
    use crate::ayrshare::AyrshareConfig;

    #[test]
    fn only_a_plain_address_with_a_known_ending_can_be_sent() {
        let real = Ayrshare::new(AyrshareConfig::new(Secret::new("key"))).unwrap();
        for address in ["https://images.example.test/u/1f0c.jpeg", "https://a.test/B.MP4", "https://a.test/a%20b.pdf"] {
            assert!(real.is_sendable(address), "{address}");
        }
        for address in [
            "http://images.example.test/1.jpg",
            "http://127.0.0.1:80/1.jpg",
            "https://a.test/1.jpg?alt=media",
            "https://a.test/1.jpg?",
            "https://a.test/1.jpg#x",
            "https://u:p@a.test/1.jpg",
            "https://a.test/1",
            "https://a.test/1.exe",
            "https://a.test/1.jpg/",
            "a.test/1.jpg",
            "",
        ] {
            assert!(!real.is_sendable(address), "{address}");
        }
        let config =
            AyrshareConfig { api_base: "http://127.0.0.1:81/api".to_owned(), ..AyrshareConfig::new(Secret::new("k")) };
        let local = Ayrshare::new(config).unwrap();
        assert!(local.is_sendable("http://127.0.0.1:81/api/files/1.jpg"));
        assert!(!local.is_sendable("http://127.0.0.1:82/1.jpg") && !local.is_sendable("http://10.0.0.1:81/1.jpg"));
    }

    #[test]
    fn whether_a_file_is_there_is_told_by_the_body() {
        let missing = r#"{"status":"error","statusCode":404,"statusText":"Not Found"}"#;
        for status in [200, 400, 404] {
            let said = existence(status, missing).unwrap().unwrap_err();
            assert_eq!(said, "the uploaded file cannot be fetched: 404 Not Found");
        }
        assert_eq!(existence(200, r#"{"status":"success","statusCode":200,"contentType":"image/jpeg"}"#), Some(Ok(())));
        for (status, json) in [
            (400, r#"{"status":"success","statusCode":200}"#),
            (200, r#"{"status":"error","code":101,"statusCode":400,"message":"x"}"#),
            (401, r#"{"status":"error","code":102,"message":"x"}"#),
            (200, "{}"),
            (200, "<html>"),
            (200, ""),
        ] {
            assert_eq!(existence(status, json), None, "{status} {json}");
        }
    }

    #[test]
    fn a_storage_host_speaks_by_its_status_alone() {
        for (status, kind) in [
            (200, None),
            (201, None),
            (302, Some(Kind::Server)),
            (400, Some(Kind::Rejected)),
            (403, Some(Kind::Server)),
            (413, Some(Kind::TooLarge)),
            (429, Some(Kind::Server)),
            (503, Some(Kind::Server)),
        ] {
            assert_eq!(put_kind(status), kind, "{status}");
        }
    }
}
