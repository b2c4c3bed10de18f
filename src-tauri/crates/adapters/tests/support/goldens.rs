//! Payloads with the events that they become beside them, in `tests/fixtures/<provider>`.

use std::path::PathBuf;

use backscroll_model::Page;
use serde_json::Value;
use tokio::sync::mpsc;

/// The payloads of one provider.
pub struct Goldens(pub &'static str);

impl Goldens {
    fn folder(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures").join(self.0)
    }

    /// An answer of the provider.
    pub fn payload(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder().join(format!("{name}.json"))).unwrap()
    }

    /// Fails unless `events` is what the file beside the payload says, or writes that file if so told.
    pub fn assert_beside(&self, name: &str, events: &Value) {
        let path = self.folder().join(format!("{name}.events.json"));
        if std::env::var_os("BACKSCROLL_BLESS").is_some() {
            std::fs::write(&path, format!("{}\n", serde_json::to_string_pretty(events).unwrap())).unwrap();
            return;
        }
        let expected: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default();
        assert_eq!(
            *events, expected,
            "{name}: not what {name}.events.json says; BACKSCROLL_BLESS=1 writes it anew, then read the difference"
        );
    }

    /// Fails if there is a payload that none of `asked` names.
    pub fn assert_all_asked(&self, asked: &[&str]) {
        for file in std::fs::read_dir(self.folder()).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let stem = name.trim_end_matches(".json").trim_end_matches(".events");
            assert!(!name.ends_with(".json") || asked.contains(&stem), "{name} is in no test");
        }
    }
}

/// The pages of a read that has ended.
pub fn drain(mut pages: mpsc::Receiver<Page>) -> Vec<Page> {
    std::iter::from_fn(|| pages.try_recv().ok()).collect()
}
