//! A delivery to ourselves over the public address: whether the user's tunnel works.
//!
//! Promises: it is known by a random word of its own, so nothing else is taken for it; nothing of it is kept, counted or
//! followed, however late it comes.

use backscroll_adapters::hook_echo::deliver;
use backscroll_model::{ErrorCode, Provider, SECOND, WebhookTest};
use tokio::sync::oneshot;

use super::{Receiver, Route};
use crate::{
    errors::user_error,
    inner::{Inner, Result},
};

/// Waited for so long.
const PATIENCE_S: u32 = 10;
/// Of so many tests the word is known, for what comes late.
const KNOWN: usize = 16;

/// A test that is under way, or was.
#[derive(Debug)]
pub(super) struct Echo {
    word: String,
    /// Who waits for it: whether its signature fits.
    told: Option<oneshot::Sender<bool>>,
}

impl Receiver {
    /// Whether this is a delivery of our own. A body that was changed on its way holds the word still.
    pub(super) fn is_echo(&self, body: &[u8]) -> bool {
        let state = self.state();
        state.echoes.iter().any(|echo| body.windows(echo.word.len()).any(|part| part == echo.word.as_bytes()))
    }

    /// Tells whoever waits for it.
    pub(super) fn echoed(&self, body: &[u8], is_right: bool) {
        let mut state = self.state();
        let came = |echo: &&mut Echo| body.windows(echo.word.len()).any(|part| part == echo.word.as_bytes());
        if let Some(told) = state.echoes.iter_mut().find(came).and_then(|echo| echo.told.take()) {
            // Nobody waits any more: it came late.
            let _ = told.send(is_right);
        }
    }

    fn expect(&self, word: String) -> oneshot::Receiver<bool> {
        let (told, hears) = oneshot::channel();
        let echoes = &mut self.state().echoes;
        if echoes.len() >= KNOWN {
            echoes.pop_front();
        }
        echoes.push_back(Echo { word, told: Some(told) });
        hears
    }
}

/// Sends one to `url`, the public address of this route, and waits for it.
///
/// # Errors
///
/// `AppSecretNeeded` where nothing can be signed.
pub(crate) async fn test(inner: &Inner, route: &Route, url: &str) -> Result<WebhookTest> {
    let secret = match route.provider {
        Provider::Ayrshare => &route.word,
        Provider::Meta => route.app_secret().ok_or_else(|| {
            user_error(ErrorCode::AppSecretNeeded, "without the secret of the app nothing can be signed")
        })?,
    };
    let word = hex::encode(rand::random::<[u8; 24]>());
    let body = match route.provider {
        Provider::Meta => serde_json::json!({ "object": "page", "entry": [], "backscroll_test": word }),
        Provider::Ayrshare => serde_json::json!({ "action": "backscroll_test", "backscroll_test": word }),
    };
    let mut came = inner.webhooks.expect(word);
    let began = inner.now();
    let theirs = inner.open_link(route.connection).map_or(began, |link| link.corrected(began));
    let deadline = inner.sleep_until(began.plus(i64::from(PATIENCE_S) * SECOND));
    let sent = deliver(url, route.provider, secret, body.to_string(), theirs, &inner.limits);
    tokio::pin!(deadline, sent);
    let mut is_answered = false;
    loop {
        tokio::select! {
            biased;
            Ok(is_right) = &mut came => {
                let took_ms = u32::try_from(inner.now().since(began)).unwrap_or(0);
                return Ok(if is_right { WebhookTest::CameBack { took_ms } } else { WebhookTest::WrongSignature });
            }
            answer = &mut sent, if !is_answered => match answer {
                // A relay may say yes before it passes on.
                Ok(200..300) => is_answered = true,
                Ok(status) => return Ok(WebhookTest::Refused { status }),
                Err(error) => {
                    tracing::info!(kind = ?error.kind, said = error.said, "the public address does not answer");
                    return Ok(WebhookTest::Unreachable);
                }
            },
            () = &mut deadline => return Ok(WebhookTest::TimedOut { within_s: PATIENCE_S }),
        }
    }
}
