//! The life of the application: start, the natives that follow the history, the wishes of the page, the end.
//!
//! The order of the start: plugins (a second start ends here and raises the first window), the inbox begins to open on
//! its own thread, the window appears with the theme's background, the tray. Nothing of that waits for the network, and
//! the window waits for the settings no longer than [`THEME_PATIENCE`].

use std::{
    process::{Command, ExitCode},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use backscroll_engine::{Inbox, InboxOptions, SecretsMode, SystemClock};
use backscroll_media::DECODE_ARGUMENT;
use backscroll_model::{Change, ErrorCode, Settings, UserError};
use tauri::{AppHandle, Manager as _, RunEvent, Wry, utils::config::Csp};
use tokio::sync::broadcast::error::RecvError;

use crate::{
    args::Arguments,
    changes::Batch,
    clipboard, demo, ipc,
    media::{self, server::MediaServer},
    notify, picker,
    shell::{Facts, Restart, Shell, Wish},
    tray, window,
};

/// A data folder that opens at once (a few milliseconds) decides the first background; one that migrates does not hold
/// the window up.
const THEME_PATIENCE: Duration = Duration::from_millis(150);
/// What runs on the history at the end is waited for this long.
const GIVING_BACK: Duration = Duration::from_secs(2);

/// The restart that was asked for, if any.
type Next = Arc<Mutex<Option<Restart>>>;

/// Runs until the user ends it, and starts the next run if that was a restart.
///
/// # Errors
/// When no window can be made at all: no display, no web view.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let next = Next::default();
    let (given, asked) = (arguments.clone(), next.clone());
    let mut context = tauri::generate_context!();
    // The policy names the one port of this run (`reliability.md`, web view), so it is taken before there is a page.
    let player = MediaServer::take_port();
    let security = &mut context.config_mut().app.security;
    if let Some(csp) = &security.csp {
        security.csp = Some(Csp::Policy(media::server::policy(&csp.to_string(), player.origin().as_deref())));
    }
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, _arguments, _folder| window::show(app)))
        .plugin(tauri_plugin_notification::init())
        .plugin(window::remembered())
        .register_asynchronous_uri_scheme_protocol(media::SCHEME, |context, request, responder| {
            let app = context.app_handle().clone();
            tauri::async_runtime::spawn(async move {
                responder.respond(media::answer(&app.state::<Shell>(), &request).await);
            });
        })
        .invoke_handler(ipc::handler::<Wry>())
        .setup(move |app| Ok(set_up(app.handle(), &given, asked, player)?))
        .on_window_event(window::on_event)
        .build(context)?;
    let code = app.run_return(|app, event| {
        if matches!(event, RunEvent::Exit) {
            stop(app);
        }
    });
    let restart = next.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(restart) = restart {
        // The bus name of the single instance and the lock of the folder are given back by now.
        Command::new(std::env::current_exe()?).args(arguments.next(restart)).spawn()?;
    }
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn set_up(app: &AppHandle, arguments: &Arguments, next: Next, player: MediaServer) -> anyhow::Result<()> {
    let runtime = tauri::async_runtime::handle();
    let _inside = runtime.inner().enter();

    let facts = Facts { demo: arguments.demo, connect: arguments.connect, tray: tray::has_host() };
    let (handle, asked, given) = (app.clone(), next, arguments.clone());
    let shell = Shell::new(facts.clone(), move || open(&given), move |wish| fulfil(&handle, wish, &asked));
    let (clipboard, picker) = (clipboard::of(app.clone()), picker::of(app.clone()));
    app.manage(shell.with_media(player).with_clipboard(clipboard).with_picker(picker));

    let settings = tauri::async_runtime::block_on(early_settings(app));
    let window = window::create(app, settings.theme)?;
    let in_tray = tray::create(app).inspect_err(|error| tracing::warn!(%error, "no tray icon")).is_ok() && facts.tray;
    if !arguments.minimized {
        window::show(app);
    } else if !in_tray {
        window.minimize()?;
        window.show()?;
    }
    notify::listen(app)?;
    tauri::async_runtime::spawn(live(app.clone()));
    tauri::async_runtime::spawn(end_on_signal(app.clone()));
    Ok(())
}

/// The inbox of the user, or the demo with its simulator.
fn open(arguments: &Arguments) -> impl Future<Output = Result<Inbox, UserError>> + Send + use<> {
    let folder = arguments.folder();
    let demo = arguments.demo;
    async move {
        let refuse = |code, detail: &str| UserError { code, retry_at: None, detail: detail.to_owned() };
        let folder = folder.ok_or_else(|| refuse(ErrorCode::ReadOnly, "this user has no home folder"))?;
        let program = std::env::current_exe()
            .map_err(|error| refuse(ErrorCode::Internal, &format!("the path of this program: {error}")))?;
        let options = InboxOptions {
            data_dir: folder,
            secrets: SecretsMode::Keychain,
            clock: Arc::new(SystemClock),
            // Two computers that start together shall not poll together.
            seed: std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), std::process::id()),
            decoder: (program, vec![DECODE_ARGUMENT.to_owned()]),
            read_only: false,
            demo,
        };
        if demo { demo::open(options).await } else { Inbox::open(options).await }
    }
}

async fn early_settings(app: &AppHandle) -> Settings {
    let shell = app.state::<Shell>();
    let settings = async { shell.inbox().await?.settings().await };
    // Too late, or a folder that cannot be opened: the theme follows when it is known.
    tokio::time::timeout(THEME_PATIENCE, settings).await.ok().and_then(Result::ok).unwrap_or_default()
}

/// Starts the inbox once it is open, shows what it announces, and keeps the natives in step with the history.
async fn live(app: AppHandle) {
    let Some(inbox) = app.state::<Shell>().opened().await else { return };
    let (mut changes, notices) = (inbox.changes(), inbox.notices());
    tauri::async_runtime::spawn(notify::follow(app.clone(), notices));
    inbox.start().await;
    let mut news = vec![Change::Counts, Change::Settings];
    loop {
        if news.iter().any(|c| matches!(c, Change::Counts | Change::Resync))
            && let Ok(counts) = inbox.counts().await
        {
            window::set_unread(&app, counts.unread);
            tray::set_unread(&app, counts.unread);
        }
        if news.iter().any(|c| matches!(c, Change::Settings | Change::Resync))
            && let Ok(settings) = inbox.settings().await
        {
            window::set_theme(&app, settings.theme);
        }
        let mut batch = Batch::default();
        match changes.recv().await {
            Ok(changes) => batch.extend(changes),
            Err(RecvError::Lagged(_)) => batch.add(Change::Resync),
            Err(RecvError::Closed) => return,
        }
        while let Ok(more) = changes.try_recv() {
            batch.extend(more);
        }
        news = batch.into_changes();
    }
}

fn fulfil(app: &AppHandle, wish: Wish, next: &Next) {
    match wish {
        Wish::OpenLink(url) => {
            if let Err(error) = tauri_plugin_opener::open_url(url.as_str(), None::<&str>) {
                tracing::warn!(%error, "no program opens this link");
            }
        }
        Wish::Hide => window::hide(app),
        Wish::Quit => quit(app),
        Wish::Restart(restart) => {
            *next.lock().unwrap_or_else(PoisonError::into_inner) = Some(restart);
            quit(app);
        }
    }
}

/// The window goes at once; [`stop`] takes what time it needs.
pub(crate) fn quit(app: &AppHandle) {
    window::hide(app);
    app.exit(0);
}

/// What is on the wire gets its five seconds.
fn stop(app: &AppHandle) {
    app.state::<Shell>().media().close();
    if let Some(inbox) = app.state::<Shell>().inbox_now() {
        tauri::async_runtime::block_on(async {
            inbox.stop().await;
            // The next run may want the same folder at once.
            drop(tokio::time::timeout(GIVING_BACK, inbox.close()).await);
        });
    }
}

/// The end of the session, or Ctrl+C in a terminal, is an end like any other.
async fn end_on_signal(app: AppHandle) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    quit(&app);
}
