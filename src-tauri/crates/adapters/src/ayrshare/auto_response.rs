//! The automatic reply: one setting per profile, for all its platforms together (`reference/ayrshare.md` 5).
//!
//! Writes always carry all three fields, because whether a partial change keeps the others is contradictory in the
//! documentation. Reads accept the fields flat or nested, and fill what is missing with the defaults.

use backscroll_model::AutoResponse;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::client::{As, Ayrshare};
use crate::AdapterError;
use crate::loose::{self, Raw};

const PATH: &str = "/messages/autoresponse";
/// 24 h; the "400" of the field card is a slip (quirk 12).
const DEFAULT_WAIT_S: u32 = 86_400;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Settings<'a> {
    #[serde(borrow)]
    auto_response_active: Raw<'a>,
    #[serde(borrow)]
    auto_response_message: Raw<'a>,
    #[serde(borrow)]
    auto_response_wait_seconds: Raw<'a>,
    #[serde(borrow)]
    updated: Raw<'a>,
    #[serde(borrow)]
    auto_response: Raw<'a>,
    #[serde(borrow)]
    data: Raw<'a>,
}

impl Ayrshare {
    pub(super) async fn get_auto_response(&self) -> Result<AutoResponse, AdapterError> {
        let answer = self.get_small(PATH, &[], As::Connection).await?;
        let defaults = AutoResponse { active: false, wait_seconds: DEFAULT_WAIT_S, message: String::new() };
        Ok(merged(&self.parsed(&answer)?, &defaults))
    }

    pub(super) async fn post_auto_response(&self, wanted: &AutoResponse) -> Result<AutoResponse, AdapterError> {
        let body = json!({
            "autoResponseActive": wanted.active,
            "autoResponseWaitSeconds": wanted.wait_seconds,
            "autoResponseMessage": wanted.message,
        });
        let answer = self.change(Method::POST, PATH, &body, None, As::Connection).await?;
        Ok(merged(&self.parsed(&answer)?, wanted))
    }
}

/// What `settings` says, flat or nested; what it does not say is as in `otherwise`.
fn merged(settings: &Settings<'_>, otherwise: &AutoResponse) -> AutoResponse {
    let nested = [settings.updated, settings.auto_response, settings.data];
    let inner: Vec<Settings<'_>> =
        nested.into_iter().flatten().filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect();
    let all = || std::iter::once(settings).chain(&inner);
    let wait = all().find_map(|s| loose::integer(s.auto_response_wait_seconds));
    AutoResponse {
        active: all().find_map(|s| loose::boolean(s.auto_response_active)).unwrap_or(otherwise.active),
        wait_seconds: wait.and_then(|s| u32::try_from(s.max(0)).ok()).unwrap_or(otherwise.wait_seconds),
        message: all().find_map(|s| loose::text(s.auto_response_message)).unwrap_or_else(|| otherwise.message.clone()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(json: &str) -> AutoResponse {
        let defaults = AutoResponse { active: false, wait_seconds: DEFAULT_WAIT_S, message: String::new() };
        merged(&serde_json::from_str(json).unwrap(), &defaults)
    }

    #[test]
    fn settings_are_read_flat_or_nested_and_missing_ones_are_defaults() {
        let fields = r#""autoResponseActive": true, "autoResponseWaitSeconds": 30, "autoResponseMessage": "Hi""#;
        let expected = AutoResponse { active: true, wait_seconds: 30, message: "Hi".to_owned() };
        assert_eq!(read(&format!(r#"{{"status": "success", {fields}}}"#)), expected);
        for nest in ["updated", "autoResponse", "data"] {
            assert_eq!(read(&format!(r#"{{"status": "success", "{nest}": {{{fields}}}}}"#)), expected, "{nest}");
        }
        let never_set = read(r#"{"status": "success"}"#);
        assert_eq!((never_set.active, never_set.wait_seconds, never_set.message.as_str()), (false, 86_400, ""));
        assert_eq!(read(r#"{"autoResponseWaitSeconds": "-5", "data": []}"#).wait_seconds, 0);
    }
}
