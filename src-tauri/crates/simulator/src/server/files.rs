//! `/media/…`, the files themselves, and upload addresses (reference 7).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, FromRequest as _, Multipart, Path, RawQuery, Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::blob::{Beyond, Blob};
use crate::graph::assets;
use crate::graph::serve::Number;
use crate::knobs::AccessUrl;
use crate::media::{extension, mime};
use crate::server::answer::{self, object, pairs, query};
use crate::server::gate::Caller;
use crate::state::Core;
use crate::webhooks::{client, is_loopback};

/// The limit of the small upload: 30 MB (reference 7.1), read as the smaller of the two meanings of MB.
const UPLOAD_LIMIT: u64 = 30_000_000;
/// Room for a name or a description.
const TEXT_LIMIT: u64 = 64_000;

#[derive(Default)]
struct Upload {
    blob: Option<Blob>,
    content_type: String,
    own_name: String,
    file_name: Option<String>,
    description: Option<String>,
}

pub(crate) async fn upload(
    Shared(core): Shared<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Response {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let read = if content_type.starts_with("multipart/form-data") {
        read_form(request).await
    } else {
        read_json(request).await
    };
    let upload = match read {
        Ok(upload) => upload,
        Err(refusal) => return *refusal,
    };
    let Some(blob) = upload.blob.filter(|b| b.size > 0) else { return answer::bad("file is required.") };
    if blob.size > UPLOAD_LIMIT {
        return answer::bad("The file is larger than 30 MB.");
    }
    let name = upload.file_name.as_deref().unwrap_or(&upload.own_name);
    let extension = extension(&upload.content_type, name).unwrap_or_else(|| "bin".to_owned());
    let (id, url) = core.act(|state, now| {
        let id = state.media.upload(now, caller.request, &extension, mime(&extension).to_owned(), blob);
        let url = state.media.own(&format!("{id}.{extension}"));
        (id, url)
    });
    let mut out = json!({ "id": format!("{id}-{extension}"), "url": url });
    if let Some(fields) = out.as_object_mut() {
        if !name.is_empty() {
            fields.insert("fileName".to_owned(), json!(name));
        }
        fields.extend(upload.description.map(|d| ("description".to_owned(), json!(d))));
    }
    answer::ok(&out)
}

async fn read_form(request: Request) -> Result<Upload, Box<Response>> {
    let broken = || Box::new(answer::bad("The form could not be read."));
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| broken())?;
    let mut upload = Upload::default();
    while let Some(field) = form.next_field().await.map_err(|_| broken())? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            upload.content_type = field.content_type().unwrap_or_default().to_owned();
            upload.own_name = field.file_name().unwrap_or_default().to_owned();
            let read = Blob::collect(field, UPLOAD_LIMIT, Beyond::Count).await;
            upload.blob = Some(read.map_err(|_| broken())?);
            continue;
        }
        let read = Blob::collect(field, TEXT_LIMIT, Beyond::Count).await.map_err(|_| broken())?;
        let text = axum::body::to_bytes(read.body(), usize::MAX).await.unwrap_or_default();
        let text = Some(String::from_utf8_lossy(&text).into_owned());
        match name.as_str() {
            "fileName" => upload.file_name = text,
            "description" => upload.description = text,
            _ => {}
        }
    }
    Ok(upload)
}

async fn read_json(request: Request) -> Result<Upload, Box<Response>> {
    let bad = |message| Box::new(answer::bad(message));
    let body = Bytes::from_request(request, &()).await.map_err(|_| bad("The body could not be read."))?;
    let fields = object(&body)?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let file = text("file").ok_or_else(|| bad("file is required."))?;
    let data = file.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    let (content_type, encoded) = data.ok_or_else(|| bad("file must be a Data URI."))?;
    let bytes = STANDARD.decode(encoded).map_err(|_| bad("file must be a Data URI."))?;
    Ok(Upload {
        blob: Some(Bytes::from(bytes).into()),
        content_type: content_type.to_owned(),
        own_name: String::new(),
        file_name: text("fileName"),
        description: text("description"),
    })
}

pub(crate) async fn upload_url(
    Shared(core): Shared<Arc<Core>>,
    Extension(_): Extension<Caller>,
    RawQuery(raw): RawQuery,
) -> Response {
    let pairs = pairs(raw.as_deref());
    let (name, kind) =
        (query(&pairs, "fileName").unwrap_or_default(), query(&pairs, "contentType").unwrap_or_default());
    if name.is_empty() && kind.is_empty() {
        return answer::bad("fileName or contentType is required.");
    }
    let Some(extension) = extension(kind, name) else { return answer::bad("fileName must have an extension.") };
    let content_type = if kind.is_empty() { "application/octet-stream" } else { mime(&extension) };
    core.act(|state, now| {
        let form = state.knobs.access_url;
        let told = Some(extension.as_str()).filter(|_| form != AccessUrl::NoExtension);
        let (token, file) = state.media.open_upload(now, told, content_type);
        let query = if form == AccessUrl::Query { "?alt=media" } else { "" };
        answer::ok(&json!({
            "accessUrl": format!("{}{query}", state.media.own(&file)),
            "contentType": content_type,
            "uploadUrl": format!("{}/upload/{token}", core.base),
        }))
    })
}

/// The one PUT of an upload address. *Choices*: another `Content-Type` than the one answered fails like a wrong signature
/// (403), a file past the limit answers 400, and either uses the address up.
pub(crate) async fn put_upload(
    Shared(core): Shared<Arc<Core>>,
    Extension(Number(number)): Extension<Number>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let plain =
        |http, text: &'static str| answer::with_type(http, HeaderValue::from_static("text/plain"), Body::from(text));
    let (ticket, limit) = core.act(|state, now| (state.media.begin(now, &token), state.knobs.upload_url_limit));
    let told = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let fits = ticket.as_ref().is_some_and(|t| told.is_some_and(|told| told.eq_ignore_ascii_case(&t.content_type)));
    // Read in any case: a client that is still writing hears no answer.
    let kept = if fits { limit } else { 0 };
    let Ok(blob) = Blob::collect(body.into_data_stream(), kept, Beyond::Count).await else {
        return plain(400, "Incomplete body.");
    };
    match ticket {
        None => plain(403, "Expired or used."),
        Some(_) if !fits => plain(403, "The content type does not match the signature."),
        Some(_) if blob.size > limit => plain(400, "The file is too large."),
        Some(ticket) => {
            core.act(|state, now| state.media.finish(now, number, ticket, blob));
            plain(200, "")
        }
    }
}

pub(crate) async fn url_exists(Extension(_): Extension<Caller>, body: Bytes) -> Response {
    let url = match object(&body) {
        Ok(fields) => fields.get("mediaUrl").and_then(Value::as_str).map(str::to_owned),
        Err(refusal) => return *refusal,
    };
    let Some(url) = url else { return answer::bad("mediaUrl is required.") };
    // Like webhooks, a look never leaves this machine.
    let found = if is_loopback(&url) { head(&url).await } else { Err(404) };
    match found {
        Ok(mime) => answer::ok(&json!({ "status": "success", "statusCode": 200, "contentType": mime })),
        Err(status) => {
            let text =
                axum::http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Error");
            answer::ok(&json!({ "status": "error", "statusCode": status, "statusText": text }))
        }
    }
}

async fn head(url: &str) -> Result<String, u16> {
    let request = client().ok_or(500_u16)?.head(url);
    let answer = request.send().await.map_err(|_| 404_u16)?;
    if !answer.status().is_success() {
        return Err(answer.status().as_u16());
    }
    let mime = answer.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    Ok(mime.unwrap_or("application/octet-stream").to_owned())
}

/// A file, uploaded or drawn, as it is served.
pub(crate) struct Loaded {
    pub mime: String,
    pub size: u64,
    pub body: Body,
}

impl Loaded {
    fn of(mime: &str, bytes: Bytes) -> Self {
        Self { mime: mime.to_owned(), size: bytes.len() as u64, body: Body::from(bytes) }
    }

    /// 200 with this type, or the file's own.
    pub(crate) fn answer(self, declared: Option<String>) -> Response {
        const UNKNOWN: HeaderValue = HeaderValue::from_static("application/octet-stream");
        let mime = HeaderValue::from_str(&declared.unwrap_or(self.mime)).unwrap_or(UNKNOWN);
        let mut response = answer::with_type(200, mime, self.body);
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(self.size));
        response
    }
}

/// The file of that name, if it can be had now.
pub(crate) async fn load(core: &Arc<Core>, name: &str) -> Option<Loaded> {
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
    let picture = {
        let now = core.clock.now_ms();
        let state = core.lock();
        if let Some(stored) = state.media.served(now, name) {
            return Some(Loaded { mime: stored.mime.clone(), size: stored.blob.size, body: stored.blob.body() });
        }
        if let Some(bytes) = assets::bytes(name) {
            return Some(Loaded::of(mime(extension), bytes));
        }
        if let Some(drawn) = state.drawn.get(name) {
            return Some(Loaded::of(mime(extension), drawn.clone()));
        }
        state.world.pictures.get(name)?.clone()
    };
    // A tenth of a second in a debug build: not under the lock, and not on a thread that answers others.
    let png = extension == "png";
    let bytes = tokio::task::spawn_blocking(move || picture.draw(png)).await.ok()?.ok()?;
    core.lock().drawn.insert(name.to_owned(), bytes.clone());
    Some(Loaded::of(mime(extension), bytes))
}

pub(crate) async fn file(Shared(core): Shared<Arc<Core>>, Path(name): Path<String>) -> Response {
    match load(&core, &name).await {
        Some(loaded) => loaded.answer(None),
        None => answer::with_type(404, HeaderValue::from_static("text/plain"), Body::from("Not Found")),
    }
}
