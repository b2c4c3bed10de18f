//! A receiver as an app would run one: it answers the handshake and keeps the bytes of everything that arrives.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::{Api, P};

pub(crate) const WORD: &str = "north-pier";

/// What arrived: signature and raw bytes.
type Mail = (Option<String>, Bytes);

#[derive(Clone, Default)]
pub(crate) struct Receiver {
    mail: Arc<Mutex<Vec<Mail>>>,
    /// Answers to come, last first; 200 when there are none. 0: no answer at all.
    statuses: Arc<Mutex<Vec<u16>>>,
    arrived: Arc<tokio::sync::Notify>,
}

impl Receiver {
    /// Listens, and answers with these statuses in turn, then 200.
    pub(crate) async fn open(statuses: &[u16]) -> (Self, String) {
        let receiver = Self::default();
        receiver.statuses.lock().unwrap().extend(statuses.iter().rev());
        let app = Router::new().route("/hook", get(Self::shake).post(Self::take)).with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (receiver, url)
    }

    /// A simulator that tells this receiver everything about the first Page.
    pub(crate) async fn listening(statuses: &[u16]) -> (Api, Self) {
        let api = Api::start().await;
        let (receiver, url) = Self::open(statuses).await;
        api.sim.graph().subscribe_all(P, &url);
        (api, receiver)
    }

    async fn shake(RawQuery(query): RawQuery) -> impl IntoResponse {
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
        let find = |name: &str| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()).unwrap_or_default();
        if find("hub.mode") == "subscribe" && find("hub.verify_token") == WORD {
            (StatusCode::OK, find("hub.challenge"))
        } else {
            (StatusCode::FORBIDDEN, String::new())
        }
    }

    async fn take(State(receiver): State<Self>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let signature = headers.get("x-hub-signature-256").map(|v| v.to_str().unwrap().to_owned());
        receiver.mail.lock().unwrap().push((signature, body));
        receiver.arrived.notify_one();
        let status = receiver.statuses.lock().unwrap().pop().unwrap_or(200);
        if status == 0 {
            std::future::pending::<()>().await;
        }
        StatusCode::from_u16(status).unwrap()
    }

    pub(crate) fn mail(&self) -> Vec<Mail> {
        self.mail.lock().unwrap().clone()
    }

    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.mail().iter().map(|(_, bytes)| serde_json::from_slice(bytes).unwrap()).collect()
    }

    /// The one event of each delivery.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.bodies().iter().map(|body| body["entry"][0]["messaging"][0].clone()).collect()
    }

    pub(crate) fn last(&self) -> Value {
        self.events().last().unwrap().clone()
    }

    /// Waits until something arrives.
    pub(crate) async fn next(&self) {
        self.arrived.notified().await;
    }
}

pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}
