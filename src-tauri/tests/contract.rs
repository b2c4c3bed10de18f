//! The contract of IPC, without a display: the commands of the window, called by name with JSON over Tauri's mock
//! runtime, against a real inbox in an empty data folder.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
};

use backscroll_desktop::{
    commands::start::OpenAt,
    ipc,
    shell::{Facts, Restart, Shell, Wish},
};
use backscroll_engine::{Inbox, InboxOptions, SecretsMode, SystemClock};
use backscroll_model::{ConversationId, ErrorCode, UserError};
use serde_json::{Value, json};
use tauri::{
    App, Manager as _, WebviewWindow, WebviewWindowBuilder,
    ipc::{CallbackFn, InvokeBody, InvokeResponseBody},
    test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder, mock_context, noop_assets},
    webview::InvokeRequest,
};

/// The shell as the application has it, with a window that is none.
struct Desk {
    app: App<MockRuntime>,
    window: WebviewWindow<MockRuntime>,
    wishes: Arc<Mutex<Vec<Wish>>>,
    /// Channel and message, as they would reach the page.
    heard: mpsc::Receiver<(u32, Value)>,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn empty() -> Self {
        Self::with(|folder, _| Inbox::open(options(folder)))
    }

    /// `open` gets the data folder and the number of the try, from 1.
    fn with<F>(open: impl Fn(&Path, u32) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Inbox, UserError>> + Send + 'static,
    {
        let runtime = tauri::async_runtime::handle();
        let _inside = runtime.inner().enter();
        rustls::crypto::ring::default_provider().install_default().ok();
        let folder = tempfile::tempdir().unwrap();
        let wishes = Arc::new(Mutex::new(Vec::new()));
        let made = wishes.clone();
        let (data, tries) = (folder.path().join("data"), AtomicU32::new(0));
        let open = move || open(&data, tries.fetch_add(1, Ordering::SeqCst) + 1);
        let shell = Shell::new(Facts::default(), open, move |wish| made.lock().unwrap().push(wish));
        let (out, heard) = mpsc::channel();
        let out = Mutex::new(out);
        let app = mock_builder()
            .channel_interceptor(move |_, channel, _, body| {
                let InvokeResponseBody::Json(json) = body else { return false };
                out.lock().unwrap().send((channel.0, serde_json::from_str(json).unwrap())).is_ok()
            })
            .invoke_handler(ipc::contract::<MockRuntime>().invoke_handler())
            .build(mock_context(noop_assets()))
            .unwrap();
        app.manage(shell);
        let window = WebviewWindowBuilder::new(&app, "main", tauri::WebviewUrl::default()).build().unwrap();
        Self { app, window, wishes, heard, _folder: folder }
    }

    fn call(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        let request = InvokeRequest {
            cmd: command.to_owned(),
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url: "tauri://localhost".parse().unwrap(),
            body: InvokeBody::Json(arguments),
            headers: Default::default(),
            invoke_key: INVOKE_KEY.to_owned(),
        };
        get_ipc_response(&self.window, request).map(|body| body.deserialize().unwrap())
    }

    fn code(&self, command: &str, arguments: Value) -> ErrorCode {
        let error: UserError = serde_json::from_value(self.call(command, arguments).unwrap_err()).unwrap();
        error.code
    }

    fn shell(&self) -> tauri::State<'_, Shell> {
        self.app.state::<Shell>()
    }
}

fn options(folder: &Path) -> InboxOptions {
    InboxOptions {
        data_dir: folder.to_owned(),
        secrets: SecretsMode::File,
        clock: Arc::new(SystemClock),
        seed: 1,
        decoder: ("no-decoder".into(), Vec::new()),
        read_only: false,
        demo: false,
    }
}

fn refusal(code: ErrorCode) -> UserError {
    UserError { code, retry_at: None, detail: "a test".into() }
}

#[test]
fn the_first_call_answers_with_all_that_an_empty_screen_needs() {
    let desk = Desk::empty();
    let boot = desk.call("boot", json!({})).unwrap();
    assert_eq!(boot["accounts"], json!([]));
    assert_eq!(boot["conversations"], json!({ "rows": [], "next": null }));
    assert_eq!(boot["counts"]["unread"], 0);
    assert_eq!(boot["settings"]["theme"], "system");
    assert_eq!(boot["secrets_place"], "file");
    assert!(boot["damaged"].is_null());
    assert_eq!((boot["demo"].as_bool(), boot["open_at"].is_null()), (Some(false), true));
    assert_eq!(boot["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_data_folder_that_cannot_be_opened_is_an_answer_to_every_command() {
    let desk = Desk::with(|_, _| async { Err(refusal(ErrorCode::NewerData)) });
    for command in ["boot", "accounts", "counts", "settings"] {
        assert_eq!(desk.code(command, json!({})), ErrorCode::NewerData, "{command}");
    }
    assert!(desk.shell().inbox_now().is_none());
}

#[test]
fn the_first_call_tries_a_data_folder_again() {
    let desk = Desk::with(|folder, tries| {
        let options = options(folder);
        async move { if tries < 3 { Err(refusal(ErrorCode::InUse)) } else { Inbox::open(options).await } }
    });
    while desk.call("boot", json!({})).is_err() {}
    assert_eq!(desk.call("accounts", json!({})), Ok(json!([])));
    assert!(tauri::async_runtime::block_on(desk.shell().opened()).is_some());
}

#[test]
fn no_change_is_lost_between_the_first_call_and_the_subscription() {
    let desk = Desk::empty();
    let mut settings = desk.call("boot", json!({})).unwrap()["settings"].clone();
    settings["theme"] = json!("dark");
    desk.call("set_settings", json!({ "settings": settings })).unwrap();
    desk.call("subscribe", json!({ "channel": "__CHANNEL__:7" })).unwrap();
    let (channel, changes) = desk.heard.recv().unwrap();
    assert_eq!(channel, 7);
    assert!(changes.as_array().unwrap().contains(&json!({ "kind": "settings" })), "{changes}");
}

#[test]
fn a_page_that_never_asked_for_the_first_screen_reads_everything_again() {
    let desk = Desk::empty();
    desk.call("boot", json!({})).unwrap();
    desk.call("subscribe", json!({ "channel": "__CHANNEL__:1" })).unwrap();
    desk.call("subscribe", json!({ "channel": "__CHANNEL__:2" })).unwrap();
    assert_eq!(desk.heard.recv().unwrap(), (2, json!([{ "kind": "resync" }])));
}

#[test]
fn a_click_before_the_page_listens_waits_for_its_first_call() {
    let desk = Desk::empty();
    let at = OpenAt { conversation: Some(ConversationId(3)), message: None };
    assert!(!desk.shell().heard_or_kept(at));
    assert_eq!(desk.call("boot", json!({})).unwrap()["open_at"], json!({ "conversation": 3, "message": null }));
    desk.call("subscribe", json!({ "channel": "__CHANNEL__:1" })).unwrap();
    assert!(desk.shell().heard_or_kept(at), "now it is an event");
}

#[test]
fn arguments_that_cannot_be_are_refused_before_the_inbox_sees_them() {
    let desk = Desk::empty();
    let keys = |key: &str| json!({ "api_key": key, "profile_key": null, "x_api_key": null, "x_api_secret": null, "x_history": null, "x_monthly_limit_cents": 0 });
    let query =
        json!({ "platforms": [], "business": null, "account": null, "state": null, "only": null, "sort": "newest" });
    for (command, arguments, code) in [
        ("thread", json!({ "conversation": 0, "position": { "kind": "newest" }, "limit": 50 }), ErrorCode::NotFound),
        ("thread", json!({ "conversation": 1, "position": { "kind": "newest" }, "limit": 201 }), ErrorCode::BadInput),
        ("conversations", json!({ "query": query, "after": null, "limit": 0 }), ErrorCode::BadInput),
        ("conversations", json!({ "query": query, "after": "x".repeat(9_000), "limit": 9 }), ErrorCode::BadInput),
        ("messages_by_id", json!({ "ids": vec![1; 201] }), ErrorCode::BadInput),
        ("send_text", json!({ "conversation": 1, "text": "x".repeat(20_001) }), ErrorCode::BadText),
        ("send", json!({ "conversation": 1, "request": { "text": "x".repeat(20_001) } }), ErrorCode::BadText),
        ("send", json!({ "conversation": 1, "request": { "text": "x", "files": [0] } }), ErrorCode::NotFound),
        ("react", json!({ "message": 1, "emoji": "\u{7}" }), ErrorCode::BadInput),
        ("attach_bytes", json!({ "conversation": 1, "name": "a.jpg", "bytes": "no base64" }), ErrorCode::BadInput),
        ("ledger", json!({ "conversation": null, "after": null, "limit": 201 }), ErrorCode::BadInput),
        ("save_draft", json!({ "conversation": -4, "text": "" }), ErrorCode::NotFound),
        (
            "save_canned_reply",
            json!({ "id": 0, "form": { "title": "a", "word": "", "text": "b" } }),
            ErrorCode::NotFound,
        ),
        (
            "save_canned_reply",
            json!({ "id": null, "form": { "title": "a\nb", "word": "", "text": "b" } }),
            ErrorCode::BadInput,
        ),
        (
            "save_canned_reply",
            json!({ "id": null, "form": { "title": "a", "word": "", "text": "b\0" } }),
            ErrorCode::BadText,
        ),
        ("delete_canned_reply", json!({ "id": 7 }), ErrorCode::NotFound),
        ("order_canned_replies", json!({ "ids": vec![1; 201] }), ErrorCode::BadInput),
        ("check_ayrshare", json!({ "apiBase": null, "keys": keys("") }), ErrorCode::BadInput),
        ("check_ayrshare", json!({ "apiBase": null, "keys": keys("a\r\nb") }), ErrorCode::BadInput),
        ("open_link", json!({ "url": "file:///etc/passwd" }), ErrorCode::BadInput),
    ] {
        assert_eq!(desk.code(command, arguments.clone()), code, "{command} {arguments}");
    }
    assert_eq!(*desk.wishes.lock().unwrap(), []);
}

#[test]
fn arguments_of_the_wrong_type_and_unknown_commands_are_refused() {
    let desk = Desk::empty();
    assert!(desk.call("thread", json!({ "conversation": "1; drop table", "position": {}, "limit": 5 })).is_err());
    assert!(desk.call("thread", json!({})).is_err());
    assert!(desk.call("no_such_command", json!({})).is_err());
}

#[test]
fn an_error_names_no_secret() {
    let desk = Desk::empty();
    let keys = json!({ "api_key": "SEEDED SECRET", "profile_key": null, "x_api_key": null, "x_api_secret": null, "x_history": null, "x_monthly_limit_cents": 0 });
    let error = desk.call("check_ayrshare", json!({ "apiBase": null, "keys": keys })).unwrap_err();
    assert!(!error.to_string().contains("SEEDED"), "{error}");
}

#[test]
fn what_the_page_wants_of_the_desktop_is_a_wish() {
    let desk = Desk::empty();
    for (command, arguments) in [
        ("open_link", json!({ "url": "https://example.com/a" })),
        ("hide_window", json!({})),
        ("enter_demo", json!({})),
        ("leave_demo", json!({ "connect": true })),
        ("quit", json!({})),
    ] {
        assert_eq!(desk.call(command, arguments), Ok(Value::Null), "{command}");
    }
    let link = "https://example.com/a".parse().unwrap();
    assert_eq!(
        *desk.wishes.lock().unwrap(),
        [
            Wish::OpenLink(link),
            Wish::Hide,
            Wish::Restart(Restart::IntoDemo),
            Wish::Restart(Restart::OutOfDemo { connect: true }),
            Wish::Quit
        ]
    );
}
