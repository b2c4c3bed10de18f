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

use crate::graph::assets;
use crate::media::{extension, mime};
use crate::server::answer::{self, object, pairs, query};
use crate::server::gate::Caller;
use crate::state::Core;
use crate::webhooks::{client, is_loopback};

/// The limit of the small upload (reference 7.1).
const UPLOAD_LIMIT: usize = 30 * 1024 * 1024;

#[derive(Default)]
struct Upload {
    bytes: Option<Bytes>,
    content_type: String,
    own_name: String,
    file_name: Option<String>,
    description: Option<String>,
}

pub(crate) async fn upload(
    Shared(core): Shared<Arc<Core>>,
    Extension(_): Extension<Caller>,
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
    let Some(bytes) = upload.bytes.filter(|b| !b.is_empty()) else { return answer::bad("file is required.") };
    if bytes.len() > UPLOAD_LIMIT {
        return answer::bad("The file is larger than 30 MB.");
    }
    let name = upload.file_name.as_deref().unwrap_or(&upload.own_name);
    let extension = extension(&upload.content_type, name).unwrap_or_else(|| "bin".to_owned());
    let mut state = core.lock();
    let id = state.media.store(&extension, mime(&extension).to_owned(), bytes);
    let url = state.media.own(&format!("{id}.{extension}"));
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
        match field.name() {
            Some("file") => {
                upload.content_type = field.content_type().unwrap_or_default().to_owned();
                upload.own_name = field.file_name().unwrap_or_default().to_owned();
                upload.bytes = Some(field.bytes().await.map_err(|_| broken())?);
            }
            Some("fileName") => upload.file_name = Some(field.text().await.map_err(|_| broken())?),
            Some("description") => upload.description = Some(field.text().await.map_err(|_| broken())?),
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
    let bytes = STANDARD.decode(encoded).map_err(|_| bad("file is not valid base64."))?;
    Ok(Upload {
        bytes: Some(bytes.into()),
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
        let (token, file) = state.media.open_upload(now, &extension);
        answer::ok(&json!({
            "accessUrl": state.media.own(&file),
            "contentType": content_type,
            "uploadUrl": format!("{}/upload/{token}", core.base),
        }))
    })
}

pub(crate) async fn put_upload(
    Shared(core): Shared<Arc<Core>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("application/octet-stream");
    let taken = core.act(|state, now| state.media.put(now, &token, content_type.to_owned(), body));
    let plain = HeaderValue::from_static("text/plain");
    if taken {
        answer::with_type(200, plain, Body::empty())
    } else {
        answer::with_type(403, plain, Body::from("Expired or used."))
    }
}

pub(crate) async fn url_exists(
    Shared(core): Shared<Arc<Core>>,
    Extension(_): Extension<Caller>,
    body: Bytes,
) -> Response {
    let url = match object(&body) {
        Ok(fields) => fields.get("mediaUrl").and_then(Value::as_str).map(str::to_owned),
        Err(refusal) => return *refusal,
    };
    let Some(url) = url else { return answer::bad("mediaUrl is required.") };
    let own = core.lock().media.name_in(&url).map(str::to_owned);
    let found = match own {
        Some(name) => load(&core, &name).await.map(|(mime, _)| mime).ok_or(404),
        // Like webhooks, a look never leaves this machine.
        None if is_loopback(&url) => head(&url).await,
        None => Err(404),
    };
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

/// Type and bytes of a file, uploaded or drawn.
pub(crate) async fn load(core: &Arc<Core>, name: &str) -> Option<(String, Bytes)> {
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
    let picture = {
        let state = core.lock();
        if let Some(stored) = state.media.stored(name) {
            return Some((stored.mime.clone(), stored.bytes.clone()));
        }
        if let Some(bytes) = assets::bytes(name) {
            return Some((mime(extension).to_owned(), bytes));
        }
        if let Some(drawn) = state.drawn.get(name) {
            return Some((mime(extension).to_owned(), drawn.clone()));
        }
        state.world.pictures.get(name)?.clone()
    };
    // A tenth of a second in a debug build: not under the lock, and not on a thread that answers others.
    let png = extension == "png";
    let bytes = tokio::task::spawn_blocking(move || picture.draw(png)).await.ok()?.ok()?;
    core.lock().drawn.insert(name.to_owned(), bytes.clone());
    Some((mime(extension).to_owned(), bytes))
}

pub(crate) async fn file(Shared(core): Shared<Arc<Core>>, Path(name): Path<String>) -> Response {
    match load(&core, &name).await {
        Some((mime, bytes)) => {
            let mime = HeaderValue::from_str(&mime).unwrap_or(HeaderValue::from_static("application/octet-stream"));
            answer::with_type(200, mime, Body::from(bytes))
        }
        None => answer::with_type(404, HeaderValue::from_static("text/plain"), Body::from("Not Found")),
    }
}
