//! The bridge: the page in an ordinary browser, for the tests of the UI. It serves `ui/dist` on loopback and runs the
//! very commands of the window, over Tauri's mock runtime, against a real inbox and the simulator.
//!
//! It prints one JSON line, `{"url", "token", "api", "simulator"}`: the page with its token, the token for a test's own
//! calls, and the simulator (its test controls are under `/__control`). Not part of a package, and a release build of
//! it refuses to run.
//!
//! ```text
//! GET  /                     ui/dist
//! POST /invoke/COMMAND       arguments as JSON, keys as in bindings.ts; 200 and the answer, or 422 and the error
//! GET  /changes              server-sent events: `message` is Change[] (a resync first); `open_at` (the shell's event
//!                            `open`, a name that EventSource has for itself), `close_requested`; `notice` and `wish`
//!                            are what the desktop would get
//! POST /emit/EVENT           emits an event of the shell, as a click on a notification would
//! GET  /media/PATH           what the `media:` scheme answers
//! ```
//!
//! All but the page itself want the token: `Authorization: Bearer`, the header `x-bridge-token`, or `?token=`.

#[cfg(debug_assertions)]
fn main() -> anyhow::Result<std::process::ExitCode> {
    // The engine starts this very program to decode an image.
    if std::env::args_os().nth(1).is_some_and(|word| word == backscroll_media::DECODE_ARGUMENT) {
        return Ok(backscroll_media::run_decode_child());
    }
    bridge::run()?;
    Ok(std::process::ExitCode::SUCCESS)
}

#[cfg(not(debug_assertions))]
fn main() -> std::process::ExitCode {
    eprintln!("the bridge is for tests");
    std::process::ExitCode::FAILURE
}

#[cfg(debug_assertions)]
mod bridge {
    use std::{
        convert::Infallible,
        hash::{BuildHasher as _, RandomState},
        net::{Ipv4Addr, SocketAddr},
        path::{Component, Path, PathBuf},
        sync::{Arc, Mutex, OnceLock, PoisonError},
    };

    use axum::{
        Router,
        body::{Body, Bytes},
        extract::{Path as UrlPath, Request, State},
        http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
        middleware::{self, Next},
        response::{
            IntoResponse as _, Response, Sse,
            sse::{Event, KeepAlive},
        },
        routing::{get, post},
    };
    use backscroll_desktop::{
        changes,
        commands::start::{CloseRequested, OpenAt},
        demo, ipc, media,
        shell::{Facts, Shell, Wish},
    };
    use backscroll_engine::{Inbox, InboxOptions, SecretsMode, SystemClock};
    use backscroll_media::DECODE_ARGUMENT;
    use backscroll_model::{Change, NoticeAction};
    use backscroll_simulator::{SimOptions, Simulator};
    use clap::Parser;
    use futures_util::{Stream, stream};
    use serde_json::{Value, json};
    use tauri::{
        Emitter as _, Listener as _, Manager as _, WebviewWindow, WebviewWindowBuilder,
        ipc::{CallbackFn, InvokeBody},
        test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder, mock_context, noop_assets},
        webview::InvokeRequest,
    };
    use tauri_specta::Event as _;
    use tokio::sync::{broadcast, mpsc};

    /// The page in a browser, for tests.
    #[derive(Debug, Parser)]
    struct Arguments {
        /// Connected to the simulator, its history read.
        #[arg(long)]
        demo: bool,
        /// Play the demo's first ninety seconds, and let people write unasked.
        #[arg(long, requires = "demo")]
        script: bool,
        /// Nothing connected (the default).
        #[arg(long, conflicts_with = "demo")]
        empty: bool,
        /// The data folder; without it a new one that goes with the process.
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
        /// Seed of the simulator's world and of jitter.
        #[arg(long, default_value_t = 7)]
        seed: u64,
        /// Where to listen.
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// The built page.
        #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/dist"))]
        page: PathBuf,
    }

    #[derive(Clone)]
    struct Bridge(Arc<Inner>);

    struct Inner {
        window: Mutex<WebviewWindow<MockRuntime>>,
        inbox: Inbox,
        /// Named events for every open page: name and JSON.
        events: broadcast::Sender<(&'static str, String)>,
        page: PathBuf,
        token: String,
        address: OnceLock<String>,
    }

    #[tokio::main]
    pub async fn run() -> anyhow::Result<()> {
        let arguments = Arguments::parse();
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN).init();
        rustls::crypto::ring::default_provider().install_default().ok();
        tauri::async_runtime::set(tokio::runtime::Handle::current());

        let scratch = std::env::temp_dir().join(format!("backscroll-bridge-{}", std::process::id()));
        let folder = arguments.data_dir.clone().unwrap_or_else(|| scratch.clone());
        // A test of the connect page needs somebody to connect to, also when nothing is connected yet.
        let simulator =
            Simulator::start(SimOptions { seed: arguments.seed, life: arguments.script, ..SimOptions::demo() }).await?;
        let inbox = open(&arguments, folder, &simulator).await?;
        if arguments.script {
            simulator.demo_script();
        }
        let (events, _) = broadcast::channel(256);
        let window = window(&arguments, inbox.clone(), &events)?;
        inbox.start().await;
        tokio::spawn(forward_notices(inbox.clone(), events.clone()));

        let bridge = Bridge(Arc::new(Inner {
            window: Mutex::new(window),
            inbox: inbox.clone(),
            events,
            page: arguments.page.clone(),
            token: token(),
            address: OnceLock::new(),
        }));
        let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port))).await?;
        let address = listener.local_addr()?.to_string();
        println!(
            "{}",
            json!({
                "url": format!("http://{address}/#token={}", bridge.0.token),
                "token": bridge.0.token,
                "api": simulator.announcement(),
                "simulator": format!("http://{}", simulator.addr()),
            })
        );
        bridge.0.address.set(address).ok();
        axum::serve(listener, router(bridge)).with_graceful_shutdown(ended()).await?;
        inbox.stop().await;
        std::fs::remove_dir_all(scratch).ok();
        Ok(())
    }

    async fn open(arguments: &Arguments, data_dir: PathBuf, simulator: &Simulator) -> anyhow::Result<Inbox> {
        let options = InboxOptions {
            data_dir,
            secrets: SecretsMode::File,
            clock: Arc::new(SystemClock),
            seed: arguments.seed,
            decoder: (std::env::current_exe()?, vec![DECODE_ARGUMENT.to_owned()]),
            read_only: false,
            demo: arguments.demo,
        };
        Ok(if arguments.demo { demo::open_with(simulator, options).await? } else { Inbox::open(options).await? })
    }

    /// The window that is none: it takes calls, and its events are heard here.
    fn window(
        arguments: &Arguments,
        inbox: Inbox,
        events: &broadcast::Sender<(&'static str, String)>,
    ) -> anyhow::Result<WebviewWindow<MockRuntime>> {
        let wishes = events.clone();
        let facts = Facts { demo: arguments.demo, connect: false, tray: true };
        let shell = Shell::new(
            facts,
            move || std::future::ready(Ok(inbox.clone())),
            move |wish| {
                wishes.send(("wish", described(&wish).to_string())).ok();
            },
        );
        let app = mock_builder().invoke_handler(ipc::handler::<MockRuntime>()).build(mock_context(noop_assets()))?;
        app.manage(shell);
        for (name, told) in [(OpenAt::NAME, "open_at"), (CloseRequested::NAME, CloseRequested::NAME)] {
            let events = events.clone();
            app.listen_any(name, move |event| {
                events.send((told, event.payload().to_owned())).ok();
            });
        }
        let window = WebviewWindowBuilder::new(&app, "main", tauri::WebviewUrl::default()).build()?;
        // Nothing of the mock runtime needs its loop, but everything needs the application to exist.
        Box::leak(Box::new(app));
        Ok(window)
    }

    fn described(wish: &Wish) -> Value {
        match wish {
            Wish::OpenLink(url) => json!({ "kind": "open_link", "url": url }),
            Wish::Hide => json!({ "kind": "hide" }),
            Wish::Quit => json!({ "kind": "quit" }),
            Wish::Restart(restart) => json!({ "kind": "restart", "into": format!("{restart:?}") }),
        }
    }

    async fn forward_notices(inbox: Inbox, events: broadcast::Sender<(&'static str, String)>) {
        let mut notices = inbox.notices();
        while let Ok(action) = notices.recv().await {
            let told = match action {
                NoticeAction::Show(notice) => json!({ "show": notice }),
                NoticeAction::Close(conversation) => json!({ "close": conversation }),
            };
            events.send(("notice", told.to_string())).ok();
        }
    }

    fn router(bridge: Bridge) -> Router {
        let guarded = Router::new()
            .route("/invoke/{command}", post(invoke))
            .route("/emit/{event}", post(emit))
            .route("/changes", get(follow))
            .route("/media/{*path}", get(picture))
            .layer(middleware::from_fn_with_state(bridge.clone(), with_token));
        guarded
            .fallback(get(file))
            .layer(middleware::from_fn_with_state(bridge.clone(), on_loopback))
            .with_state(bridge)
    }

    /// A page elsewhere cannot reach us by a name that resolves to loopback.
    async fn on_loopback(State(bridge): State<Bridge>, request: Request, next: Next) -> Response {
        let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok());
        if host.is_some() && host == bridge.0.address.get().map(String::as_str) {
            next.run(request).await
        } else {
            StatusCode::MISDIRECTED_REQUEST.into_response()
        }
    }

    async fn with_token(State(bridge): State<Bridge>, request: Request, next: Next) -> Response {
        if has_token(request.headers(), request.uri(), &bridge.0.token) {
            next.run(request).await
        } else {
            StatusCode::UNAUTHORIZED.into_response()
        }
    }

    fn has_token(headers: &HeaderMap, uri: &Uri, token: &str) -> bool {
        let bearer = |value: &HeaderValue| value.as_bytes().strip_prefix(b"Bearer ") == Some(token.as_bytes());
        let header = headers.get("x-bridge-token").is_some_and(|value| value == token)
            || headers.get(header::AUTHORIZATION).is_some_and(bearer);
        let query =
            || uri.query().unwrap_or_default().split('&').any(|pair| pair.strip_prefix("token=") == Some(token));
        header || query()
    }

    async fn invoke(State(bridge): State<Bridge>, UrlPath(command): UrlPath<String>, body: Bytes) -> Response {
        let arguments = if body.is_empty() { Ok(json!({})) } else { serde_json::from_slice(&body) };
        let Ok(arguments) = arguments else { return StatusCode::BAD_REQUEST.into_response() };
        let window = bridge.0.window.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let called = tokio::task::spawn_blocking(move || call(&window, command, arguments)).await;
        match called {
            Ok(Ok(answer)) => axum::Json(answer).into_response(),
            Ok(Err(error)) => (StatusCode::UNPROCESSABLE_ENTITY, axum::Json(error)).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }

    fn call(window: &WebviewWindow<MockRuntime>, cmd: String, arguments: Value) -> Result<Value, Value> {
        let url = "tauri://localhost".parse().map_err(|_| json!("no url"))?;
        let request = InvokeRequest {
            cmd,
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url,
            body: InvokeBody::Json(arguments),
            headers: HeaderMap::default(),
            invoke_key: INVOKE_KEY.to_owned(),
        };
        let answer = get_ipc_response(window, request)?;
        answer.deserialize::<Value>().map_err(|error| json!(error.to_string()))
    }

    async fn emit(State(bridge): State<Bridge>, UrlPath(event): UrlPath<String>, body: Bytes) -> Response {
        let window = bridge.0.window.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match serde_json::from_slice::<Value>(&body) {
            Ok(payload) if window.emit(&event, &payload).is_ok() => StatusCode::NO_CONTENT.into_response(),
            _ => StatusCode::BAD_REQUEST.into_response(),
        }
    }

    async fn follow(State(bridge): State<Bridge>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
        let (sender, receiver) = mpsc::unbounded_channel::<Event>();
        let changes_sender = sender.clone();
        let deliver = move |changes: Vec<Change>| {
            Event::default().json_data(changes).is_ok_and(|event| changes_sender.send(event).is_ok())
        };
        let changes = bridge.0.inbox.changes();
        // Whoever connects anew does not know what happened before.
        deliver(vec![Change::Resync]);
        tokio::spawn(changes::forward(changes, deliver));
        let mut named = bridge.0.events.subscribe();
        tokio::spawn(async move {
            while let Ok((name, data)) = named.recv().await {
                if sender.send(Event::default().event(name).data(data)).is_err() {
                    return;
                }
            }
        });
        let events = stream::unfold(receiver, |mut receiver| async {
            let event = receiver.recv().await?;
            Some((Ok(event), receiver))
        });
        Sse::new(events).keep_alive(KeepAlive::default())
    }

    async fn picture(State(bridge): State<Bridge>, UrlPath(path): UrlPath<String>) -> Response {
        let window = bridge.0.window.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let shell = window.state::<Shell>();
        media::picture(&shell, &format!("/{path}")).await.map(Body::from)
    }

    async fn file(State(bridge): State<Bridge>, uri: Uri) -> Response {
        let name = uri.path().trim_start_matches('/');
        let name = Path::new(if name.is_empty() { "index.html" } else { name });
        if !name.components().all(|part| matches!(part, Component::Normal(_))) {
            return StatusCode::NOT_FOUND.into_response();
        }
        let Ok(bytes) = tokio::fs::read(bridge.0.page.join(name)).await else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let mime = match name.extension().and_then(|e| e.to_str()) {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript",
            Some("css") => "text/css",
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("woff2") => "font/woff2",
            Some("json") => "application/json",
            _ => "application/octet-stream",
        };
        // As strict as the window's, so that what it forbids fails here too; only the port of films is not known here.
        const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; \
                              font-src 'self'; connect-src 'self'; media-src http://127.0.0.1:*; base-uri 'none'; \
                              form-action 'none'";
        let headers = [
            (header::CONTENT_TYPE, mime),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        (headers, bytes).into_response()
    }

    /// 128 bits that nobody guesses: the keys of a fresh hasher come from the system's random source.
    fn token() -> String {
        let half = || RandomState::new().hash_one(std::process::id());
        format!("{:016x}{:016x}", half(), half())
    }

    async fn ended() {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let terminated = async {
                if let Ok(mut signal) = signal(SignalKind::terminate()) {
                    signal.recv().await;
                } else {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                () = terminated => {}
            }
        }
        #[cfg(not(unix))]
        tokio::signal::ctrl_c().await.ok();
    }
}
