//! The state behind every command: the inbox as soon as it is open, the first screen's data, the changes that wait for
//! the page, and the wishes that the page has of the desktop.
//!
//! Promises: opening the data folder starts before the window exists and never holds it up; what the first screen
//! shows is read in the same breath (`performance.md`, rule 10); a change that is committed after that reading reaches
//! the page. A data folder that cannot be opened is an answer to each command, not a crash, and the page's first call
//! tries it again.
//!
//! Refuses: windows. What a command wants of them is a [`Wish`], and whoever runs the shell (the application, the
//! bridge, a test) knows what to do about it.

use std::{
    future::Future,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use backscroll_engine::Inbox;
use backscroll_model::{Change, ConversationQuery, ErrorCode, StateFilter, UserError};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::{
    sync::{broadcast, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    changes,
    clipboard::{self, Copied},
    commands::start::{Boot, OpenAt},
    media::server::MediaServer,
    picker::{self, Picker, Wanted},
};

/// Rows of the first screen.
const FIRST_ROWS: u32 = 50;

/// What the page wants of the desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Open a link outside. The scheme is checked already.
    OpenLink(Url),
    /// Hide the window.
    Hide,
    /// End the program.
    Quit,
    /// Start again on the other data folder.
    Restart(Restart),
}

/// Which data folder the next start uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// The demo's.
    IntoDemo,
    /// The same: another history takes its place.
    Again,
    /// The user's own.
    OutOfDemo {
        /// Open the connect page.
        connect: bool,
    },
}

/// What is known of this run before anything is opened.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The data folder is the demo's.
    pub demo: bool,
    /// Open the connect page.
    pub connect: bool,
    /// The desktop has a place for a tray icon.
    pub tray: bool,
}

type Opening = Shared<BoxFuture<'static, Result<Inbox, UserError>>>;
type Receiver = broadcast::Receiver<Vec<Change>>;
type First = JoinHandle<Result<(Boot, Receiver), UserError>>;

/// See the module.
pub struct Shell {
    open: Box<dyn Fn() -> BoxFuture<'static, Result<Inbox, UserError>> + Send + Sync>,
    opened: watch::Sender<Option<Inbox>>,
    facts: Facts,
    wishes: Box<dyn Fn(Wish) + Send + Sync>,
    page: Mutex<Page>,
    media: MediaServer,
    clipboard: clipboard::Reader,
    /// One dialog at a time.
    picker: tokio::sync::Mutex<Picker>,
    /// Files that were dropped on the window and wait for the page to say which conversation they are for.
    dropped: Mutex<Vec<PathBuf>>,
}

/// What waits for the page, and what it has.
struct Page {
    /// The last try to open the inbox.
    opening: Opening,
    /// The first screen, being read ahead, until `boot` takes it.
    first: Option<First>,
    /// Changes since the last answer of `boot`, until `subscribe` takes them.
    since_boot: Option<Receiver>,
    /// Ends the forwarding to an earlier page.
    listening: Option<CancellationToken>,
    /// A click on a notification that no page has heard of.
    open_at: Option<OpenAt>,
}

impl Shell {
    /// Starts to open the inbox and to read the first screen. Call it inside a runtime.
    pub fn new<F>(
        facts: Facts,
        open: impl Fn() -> F + Send + Sync + 'static,
        wishes: impl Fn(Wish) + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Inbox, UserError>> + Send + 'static,
    {
        let opened = watch::Sender::new(None);
        let told = opened.clone();
        let open = move || {
            let (opening, told) = (open(), told.clone());
            async move { opening.await.inspect(|inbox| drop(told.send_replace(Some(inbox.clone())))) }.boxed()
        };
        let opening = open().shared();
        let first = Some(read_ahead(opening.clone(), facts.clone()));
        let page = Page { opening, first, since_boot: None, listening: None, open_at: None };
        Self {
            open: Box::new(open),
            opened,
            facts,
            wishes: Box::new(wishes),
            page: Mutex::new(page),
            media: MediaServer::default(),
            clipboard: clipboard::nothing(),
            picker: tokio::sync::Mutex::new(picker::nothing()),
            dropped: Mutex::default(),
        }
    }

    /// With a server of films and sounds whose port is taken already.
    #[must_use]
    pub fn with_media(mut self, media: MediaServer) -> Self {
        self.media = media;
        self
    }

    /// On a desktop with a clipboard.
    #[must_use]
    pub fn with_clipboard(mut self, clipboard: clipboard::Reader) -> Self {
        self.clipboard = clipboard;
        self
    }

    /// On a desktop with a dialog for files.
    #[must_use]
    pub fn with_picker(mut self, picker: Picker) -> Self {
        self.picker = tokio::sync::Mutex::new(picker);
        self
    }

    /// Files that the user chooses now; none if a dialog is open already.
    pub async fn picked(&self, wanted: Wanted) -> Vec<PathBuf> {
        match self.picker.try_lock() {
            Ok(picker) => picker(wanted).await,
            Err(_) => Vec::new(),
        }
    }

    /// What another program copied last.
    pub async fn copied(&self) -> Result<Copied, UserError> {
        (self.clipboard)().await
    }

    /// Files were dropped on the window; those of an earlier drop that nobody wanted are forgotten.
    pub fn keep_dropped(&self, paths: Vec<PathBuf>) {
        *lock(&self.dropped) = paths;
    }

    /// The files that were dropped last, once.
    pub fn take_dropped(&self) -> Vec<PathBuf> {
        std::mem::take(&mut lock(&self.dropped))
    }

    /// Where films and sounds are played from.
    pub fn media(&self) -> &MediaServer {
        &self.media
    }

    /// The inbox, once it is open.
    pub async fn inbox(&self) -> Result<Inbox, UserError> {
        let opening = lock(&self.page).opening.clone();
        opening.await
    }

    /// The inbox, if it is open by now.
    pub fn inbox_now(&self) -> Option<Inbox> {
        self.opened.borrow().clone()
    }

    /// The inbox as soon as it is open, however many tries that takes. `None`: never.
    pub async fn opened(&self) -> Option<Inbox> {
        let mut opened = self.opened.subscribe();
        opened.wait_for(Option::is_some).await.ok().and_then(|inbox| inbox.clone())
    }

    /// A data folder that could not be opened may be free, writable or large enough by now.
    fn try_again(&self) {
        let mut page = lock(&self.page);
        if matches!(page.opening.peek(), Some(Err(_))) {
            page.opening = (self.open)().shared();
            page.first = Some(read_ahead(page.opening.clone(), self.facts.clone()));
        }
    }

    /// What is known of this run.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Hands a wish to whoever runs the shell.
    pub fn wish(&self, wish: Wish) {
        (self.wishes)(wish);
    }

    /// The first screen: read ahead for the first page, anew for one that was loaded again.
    pub async fn boot(&self) -> Result<Boot, UserError> {
        self.try_again();
        let inbox = self.inbox().await?;
        let ahead = lock(&self.page).first.take();
        let (mut boot, since) = match ahead {
            Some(first) => first.await.map_err(|_| internal("reading ahead was interrupted"))??,
            None => read_boot(&inbox, &self.facts).await?,
        };
        let mut page = lock(&self.page);
        page.since_boot = Some(since);
        boot.open_at = page.open_at.take();
        Ok(boot)
    }

    /// Sends all changes to `deliver` from now on, those since [`Self::boot`] first, until it answers `false` or a
    /// later page subscribes.
    pub async fn subscribe(&self, deliver: impl Fn(Vec<Change>) -> bool + Send + 'static) -> Result<(), UserError> {
        let inbox = self.inbox().await?;
        let ended = CancellationToken::new();
        let since = {
            let mut page = lock(&self.page);
            if let Some(earlier) = page.listening.replace(ended.clone()) {
                earlier.cancel();
            }
            page.since_boot.take()
        };
        // Without a boot before it nobody knows what this page has read.
        let (receiver, lost) = since.map_or_else(|| (inbox.changes(), true), |receiver| (receiver, false));
        if lost {
            deliver(vec![Change::Resync]);
        }
        tokio::spawn(async move {
            tokio::select! {
                () = ended.cancelled() => {}
                () = changes::forward(receiver, deliver) => {}
            }
        });
        Ok(())
    }

    /// Whether a page listens.
    pub fn is_heard(&self) -> bool {
        lock(&self.page).listening.is_some()
    }

    /// Whether a page listens; if none does, `at` is kept for the next [`Self::boot`].
    pub fn heard_or_kept(&self, at: OpenAt) -> bool {
        let mut page = lock(&self.page);
        let heard = page.listening.is_some();
        if !heard {
            page.open_at = Some(at);
        }
        heard
    }
}

/// A panic while the lock was held leaves nothing half done: each use is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_ahead(opening: Opening, facts: Facts) -> First {
    tokio::spawn(async move { read_boot(&opening.await?, &facts).await })
}

fn internal(detail: &str) -> UserError {
    UserError { code: ErrorCode::Internal, retry_at: None, detail: detail.to_owned() }
}

/// The first screen, and the changes since before it was read: what is committed meanwhile is announced twice rather
/// than never.
async fn read_boot(inbox: &Inbox, facts: &Facts) -> Result<(Boot, Receiver), UserError> {
    let since = inbox.changes();
    let query = ConversationQuery { state: Some(StateFilter::Open), ..ConversationQuery::default() };
    let (accounts, businesses, connections, conversations, counts, settings) = tokio::try_join!(
        inbox.accounts(),
        inbox.businesses(),
        inbox.connections(),
        inbox.conversations(query, None, FIRST_ROWS),
        inbox.counts(),
        inbox.settings(),
    )?;
    let boot = Boot {
        accounts,
        businesses,
        connections,
        conversations,
        counts,
        settings,
        secrets_place: inbox.secrets_place(),
        restored: inbox.restored().await,
        demo: facts.demo,
        connect: facts.connect,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        platform: std::env::consts::OS.to_owned(),
        open_at: None,
        tray: facts.tray,
    };
    Ok((boot, since))
}
