//! The engine in a process of its own, so that a test can kill it.
//!
//! Reads one JSON command a line and answers each with one line. Its clock begins at `start_ms` and runs with the
//! machine's (`speed` times as fast), because the simulator of a test stands still. Everything secret comes by standard
//! input.
//!
//! ```text
//! backscroll-it-worker DATA_DIR START_MS [SPEED]
//! {"do": "connect", "api_base": …, "secrets": {…}}   {"do": "start"}   {"do": "sync"}
//! {"do": "attach", "conversation": 7, "path": …}     answers {"attached": 5} once it is ready to be sent
//! {"do": "send", "conversation": 7, "text": …, "file": 5}       answers {"queued": 1234} once it is committed; no file: none
//! {"do": "stop_at", "point": "Committed"}            says {"at": "Committed"} when a message is there, and it stays there
//! ```

use std::{
    io::{BufRead as _, Write as _},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use backscroll_engine::{AyrshareSecrets, Clock, Inbox, InboxOptions, Secret, SecretsMode, SendPoint};
use backscroll_model::{ConversationId, FileState, OutgoingFileId, SendRequest, Timestamp, UserError, XHistory};
use serde_json::{Value, json};

struct RunningClock {
    start_ms: i64,
    since: Instant,
    speed: u32,
    /// The name of the point at which messages stay.
    stop_at: Arc<Mutex<Option<String>>>,
}

#[async_trait::async_trait]
impl Clock for RunningClock {
    fn now(&self) -> Timestamp {
        let elapsed = self.since.elapsed().saturating_mul(self.speed);
        Timestamp(self.start_ms.saturating_add(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)))
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration / self.speed).await;
    }

    fn reached(&self, point: SendPoint) {
        let name = format!("{point:?}");
        if self.stop_at.lock().unwrap_or_else(PoisonError::into_inner).as_ref() != Some(&name) {
            return;
        }
        // Whoever does not hear it has gone already.
        let _ = say(&json!({ "at": name }));
        loop {
            std::thread::park();
        }
    }
}

fn say(line: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
}

fn refused(error: &UserError) -> Value {
    json!({ "error": error.code, "detail": error.detail })
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let data_dir = PathBuf::from(args.next().context("the data folder")?);
    let start_ms = args.next().context("the time")?.parse()?;
    let speed = args.next().map_or(Ok(1), |speed| speed.parse())?;
    let stop_at = Arc::default();
    let clock = RunningClock { start_ms, since: Instant::now(), speed, stop_at: Arc::clone(&stop_at) };
    let options = InboxOptions {
        data_dir,
        secrets: SecretsMode::File,
        clock: Arc::new(clock),
        seed: 3,
        decoder: (PathBuf::from("no-decoder"), Vec::new()),
        read_only: false,
        demo: false,
    };
    let inbox = match Inbox::open(options).await {
        Ok(inbox) => inbox,
        Err(error) => return say(&refused(&error)),
    };
    say(&json!({ "open": true }))?;
    let (lines, mut commands) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                break;
            }
        }
    });
    while let Some(line) = commands.recv().await {
        let command: Value = serde_json::from_str(&line)?;
        if let Some(point) = command.get("point").and_then(Value::as_str) {
            *stop_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(point.to_owned());
            say(&json!({ "stops_at": point }))?;
            continue;
        }
        match run(&inbox, &command).await? {
            Ok(answer) => say(&answer)?,
            Err(error) => say(&refused(&error))?,
        }
    }
    Ok(())
}

async fn run(inbox: &Inbox, command: &Value) -> anyhow::Result<Result<Value, UserError>> {
    let text = |name: &str| command.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |name: &str| command.get(name).and_then(Value::as_i64);
    Ok(match text("do").as_deref() {
        Some("connect") => {
            let secret = |name: &str| command.get("secrets")?.get(name)?.as_str().map(Secret::new);
            let secrets = AyrshareSecrets {
                api_key: secret("api_key").context("the key")?,
                profile_key: secret("profile_key"),
                x_api_key: secret("x_api_key"),
                x_api_secret: secret("x_api_secret"),
                x_history: Some(XHistory::All),
                x_monthly_limit_cents: 0,
            };
            inbox.connect_ayrshare(text("api_base"), secrets, None).await.map(|accounts| json!(accounts.len()))
        }
        Some("start") => {
            inbox.start().await;
            Ok(json!({ "started": true }))
        }
        Some("sync") => inbox.sync_once(None).await.map(|reports| json!(reports)),
        Some("attach") => {
            let id = number("conversation").map(ConversationId).context("the conversation")?;
            let path = PathBuf::from(text("path").context("the path")?);
            attach(inbox, id, path).await.map(|file| json!({ "attached": file }))
        }
        Some("send") => {
            let id = number("conversation").map(ConversationId).context("the conversation")?;
            let files = number("file").map(OutgoingFileId).into_iter().collect();
            let request = SendRequest { text: text("text").context("the text")?, files, ..SendRequest::default() };
            let sent = inbox.send(id, request).await;
            sent.map(|messages| json!({ "queued": messages.first().map(|message| message.id) }))
        }
        other => bail!("{other:?} is no command"),
    })
}

/// Attaches a file and waits until it is ready.
async fn attach(inbox: &Inbox, conversation: ConversationId, path: PathBuf) -> Result<OutgoingFileId, UserError> {
    let mut changes = inbox.changes();
    let id = inbox.attach_file(conversation, path).await?;
    loop {
        let files = inbox.outgoing_files(conversation).await?;
        if files.iter().any(|file| file.id == id && file.state != FileState::Preparing) {
            return Ok(id);
        }
        backscroll_engine::next_changes(&mut changes).await;
    }
}
