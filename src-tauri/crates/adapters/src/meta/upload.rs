//! Brings a file to Meta before it is sent (`reference/meta-graph.md` 6.6).
//!
//! Promises: one request; the id may be used for 90 days and any number of messages; what is too large is told as such.
//!
//! Refuses: to put a file where anybody else could see it. Addresses that a send names are the user's own.

use std::time::Duration;

use backscroll_model::{Platform, Provider};
use reqwest::multipart::{Form, Part};
use serde_json::json;
use tokio::sync::watch;
use url::Url;

use super::client::{Meta, local};
use super::send::type_word;
use crate::upload::Departure;
use crate::{AdapterError, Kind, Progress, UploadFile, UploadRef, Uploaded, content, http};

/// Ids are forgotten after so long; media in messages stay.
const LASTS: Duration = Duration::from_secs(90 * 86_400);
/// "Too large", of any file and of a picture (6.6).
const TOO_LARGE: [&str; 2] = ["100/2018109", "36000"];

impl Meta {
    /// Uploads `file`.
    pub(super) async fn upload_file(
        &self,
        file: &UploadFile,
        progress: &watch::Sender<Progress>,
    ) -> Result<Uploaded, AdapterError> {
        content::takes(Provider::Meta, file.platform, file.kind)?;
        let path = [self.page()?.as_str(), "message_attachments"];
        let (body, escort) = Departure::of(file, progress, self.config.limits.upload).await?.depart();
        // A missing or wrong type of the part is 100/2018047.
        let part = Part::stream_with_length(body, file.bytes).file_name(file.name.clone()).mime_str(&file.mime);
        let part = part.map_err(|_| local(Kind::Rejected, "the file has no type"))?;
        let payload = json!({ "is_reusable": true });
        let message = json!({ "attachment": { "type": type_word(file.kind), "payload": payload } });
        let platform = if file.platform == Platform::Instagram { "INSTAGRAM" } else { "MESSENGER" };
        let form = Form::new().text("platform", platform).text("message", message.to_string()).part("filedata", part);
        Progress::calls(progress);
        let answer = self.call_with_file(&path, form, escort).await.map_err(told_by_size)?;
        let id = answer.object().and_then(|object| object.id("attachment_id"));
        let id = id.ok_or_else(|| self.nonsense("an upload without an id", answer.facts))?;
        Ok(Uploaded { reference: UploadRef(id.0), lasts: Some(LASTS) })
    }
}

impl Meta {
    /// Whether Meta may fetch a file from `address`: a query does not matter to it, unlike to Ayrshare.
    pub(super) fn is_reachable(&self, address: &str) -> bool {
        Url::parse(address).is_ok_and(|address| http::is_reachable(&self.config.api_base, &address))
    }
}

fn told_by_size(error: AdapterError) -> AdapterError {
    if error.code.as_deref().is_some_and(|code| TOO_LARGE.contains(&code)) {
        return AdapterError { kind: Kind::TooLarge, ..error };
    }
    error
}
