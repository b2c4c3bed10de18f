//! Faults on demand: what goes wrong, with which request, how often.
//!
//! A rule is written as a sentence: `sim.on("POST", "/messages/facebook").skip(1).times(2).fail(Fault::Html)`. The first
//! rule that matches a request is used up by it. Faults of the whole network are [`crate::Network`].

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::graph::error::GraphError;
use crate::meanwhile::Meanwhile;
use crate::net::Cut;
use crate::state::Core;

/// One way in which an answer goes wrong. Unless said otherwise the request is **not** applied.
#[derive(Clone)]
pub enum Fault {
    /// A flat error body (reference 9.1) with this HTTP status and Ayrshare code.
    Status {
        /// HTTP status.
        http: u16,
        /// Ayrshare's own number.
        code: u32,
        /// The text of `message`.
        message: String,
    },
    /// The wrapped error shape of posting, HTTP 400.
    Wrapped {
        /// Ayrshare's own number.
        code: u32,
        /// The text of `message`.
        message: String,
    },
    /// An error as the Graph API words it (meta-graph reference 9).
    Graph(GraphError),
    /// Any status, type, encoding and bytes: a file of the wrong kind, or one that is larger than it looks.
    Bytes {
        /// HTTP status.
        http: u16,
        /// Value of `Content-Type`.
        content_type: &'static str,
        /// Value of `Content-Encoding`.
        encoding: Option<&'static str>,
        /// The body as sent.
        bytes: bytes::Bytes,
    },
    /// 200 with this content type and bytes without end.
    Endless {
        /// Value of `Content-Type`.
        content_type: &'static str,
    },
    /// The media check's error shape: `statusCode` and `statusText`, no `code`; HTTP 400.
    MediaShape,
    /// HTTP 200 with `status: "error"`.
    OkButError,
    /// 429; `retry_after_s` adds the header, `None` leaves every rate header out.
    RateLimited {
        /// Seconds of `Retry-After`.
        retry_after_s: Option<u64>,
    },
    /// A proxy's HTML page with this HTTP status.
    Html {
        /// HTTP status.
        http: u16,
    },
    /// 200 with an empty body.
    Empty,
    /// Any status and body.
    Body {
        /// HTTP status.
        http: u16,
        /// The body, sent as JSON.
        body: String,
    },
    /// So many random bytes as JSON, streamed.
    Garbage {
        /// Length of the body.
        bytes: u64,
    },
    /// Valid messages until the body has at least so many bytes, streamed.
    Huge {
        /// Least length of the body.
        bytes: u64,
    },
    /// A redirect (301, 307, 308) to this address.
    Redirect {
        /// HTTP status.
        http: u16,
        /// Value of `Location`.
        to: String,
    },
    /// The connection is reset before the first byte of the answer.
    Reset,
    /// No answer; the connection stays open until the simulator ends.
    HalfOpen,
    /// The request waits until the gate is opened, then goes on as usual.
    Hold(Hold),
    /// The request waits so long (milliseconds of the machine's time, as a slow network would), then goes on. A client
    /// that gives up meanwhile has sent nothing; to have it applied, use [`Fault::Applied`] with [`Fault::HalfOpen`].
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The request is applied; its answer ends after so many body bytes.
    CutBody {
        /// Body bytes that arrive.
        after: u64,
        /// RST or FIN.
        how: Cut,
    },
    /// The request is applied; its body arrives at so many bytes a second (of the machine's time).
    Slow {
        /// Bytes a second, at least 1.
        bytes_per_second: u64,
    },
    /// The request is applied, then the inner fault answers: the outcome is unknown to the client (reference 3.6).
    Applied(Box<Fault>),
    /// The connection is reset after so many bytes of the request's body, or at its end when it is shorter. Not applied.
    CutUpload {
        /// Body bytes that the server reads.
        after: u64,
    },
    /// The request's body is read at so many bytes a second (of the machine's time), then everything goes on as usual. A
    /// client feels it once the buffers of the system are full, a few megabytes later.
    SlowUpload {
        /// Bytes a second, at least 1.
        bytes_per_second: u64,
    },
    /// An upload is applied and answered, and what it brought is lost: its address answers 404, its `attachment_id` is
    /// refused. For `/media/upload`, the PUT of an upload address, `message_attachments`, and sends with `is_reusable`.
    LostUpload,
    /// This happens just before the request, which then goes on as usual.
    Before(Meanwhile),
    /// The request goes on as usual; this happens just after it, before its answer leaves.
    After(Meanwhile),
    /// The request is applied; `Date`, `lastUpdated` and `nextUpdate` are off by so much.
    ClockOff {
        /// Milliseconds, may be negative.
        ms: i64,
    },
    /// The request is applied; enum values nobody has heard of and extra fields stand in the answer.
    UnknownEnums,
    /// The request is applied; every optional field is missing, and the third message has lost its id as well.
    MissingFields,
    /// The request is applied; its JSON answer is changed by this function.
    Edit(Edit),
}

impl Fault {
    /// The request is applied, then the connection is reset before any answer.
    #[must_use]
    pub fn apply_then_drop() -> Self {
        Self::Applied(Box::new(Self::Reset))
    }

    /// The request is applied, then this answers.
    #[must_use]
    pub fn applied(answer: Self) -> Self {
        Self::Applied(Box::new(answer))
    }

    /// The send is applied, and its 2xx answer names no message.
    #[must_use]
    pub fn without_id() -> Self {
        const IDS: [&str; 5] = ["messageId", "messageIds", "messages", "message_id", "attachment_id"];
        Self::Edit(Edit::new(|answer| {
            if let Some(fields) = answer.as_object_mut() {
                fields.retain(|name, _| !IDS.contains(&name.as_str()));
            }
        }))
    }

    /// A picture that is tiny on the wire and so many megabytes when it is unpacked (gzip of zeros).
    #[must_use]
    pub fn gzip_bomb(megabytes: usize) -> Self {
        use std::io::Write as _;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let zeros = vec![0_u8; 1 << 20];
        for _ in 0..megabytes {
            // Writing into memory has no way to fail.
            drop(packed.write_all(&zeros));
        }
        let bytes = packed.finish().unwrap_or_default().into();
        Self::Bytes { http: 200, content_type: "image/png", encoding: Some("gzip"), bytes }
    }

    /// A Graph error by its numbers, with Meta's sentence.
    #[must_use]
    pub fn graph(code: u32, subcode: Option<u32>) -> Self {
        Self::Graph(GraphError::of(code, subcode))
    }

    /// A flat error with this HTTP status and a plain text.
    #[must_use]
    pub fn http(status: u16) -> Self {
        Self::Status { http: status, code: u32::from(status), message: format!("Simulated failure {status}.") }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Fault {
    /// Its name in the record of requests.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Wrapped { .. } => "wrapped",
            Self::Graph(_) => "graph",
            Self::Bytes { .. } => "bytes",
            Self::Endless { .. } => "endless",
            Self::MediaShape => "media-shape",
            Self::OkButError => "ok-but-error",
            Self::RateLimited { .. } => "rate-limited",
            Self::Html { .. } => "html",
            Self::Empty => "empty",
            Self::Body { .. } => "body",
            Self::Garbage { .. } => "garbage",
            Self::Huge { .. } => "huge",
            Self::Redirect { .. } => "redirect",
            Self::Reset => "reset",
            Self::HalfOpen => "half-open",
            Self::Hold(_) => "hold",
            Self::Delay { .. } => "delay",
            Self::CutBody { .. } => "cut-body",
            Self::Slow { .. } => "slow",
            Self::Applied(_) => "applied",
            Self::CutUpload { .. } => "cut-upload",
            Self::SlowUpload { .. } => "slow-upload",
            Self::LostUpload => "lost-upload",
            Self::Before(_) => "before",
            Self::After(_) => "after",
            Self::ClockOff { .. } => "clock-off",
            Self::UnknownEnums => "unknown-enums",
            Self::MissingFields => "missing-fields",
            Self::Edit(_) => "edit",
        }
    }
}

/// A change of a JSON answer.
#[derive(Clone)]
pub struct Edit(Arc<dyn Fn(&mut Value) + Send + Sync>);

impl Edit {
    /// Wraps a function that changes the answer in place.
    pub fn new(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self(Arc::new(change))
    }

    pub(crate) fn apply(&self, answer: &mut Value) {
        (self.0)(answer);
    }
}

/// Keeps requests waiting until it is opened: a slow network without a sleep in the test.
#[derive(Clone, Debug, Default)]
pub struct Hold(CancellationToken);

impl Hold {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        self.0.cancel();
    }

    pub(crate) async fn passed(&self) {
        self.0.cancelled().await;
    }
}

#[derive(Debug)]
struct Rule {
    method: Option<String>,
    path: String,
    /// Also somewhere in the path.
    within: String,
    query: Option<String>,
    skip: u32,
    left: u32,
    fault: Fault,
}

/// The rules that are still to strike, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Rule>);

impl Faults {
    /// The fault for this request (`path` without the base), if one is due.
    pub(crate) fn strike(&mut self, method: &str, path: &str, query: &str) -> Option<Fault> {
        let mut struck = None;
        for rule in &mut self.0 {
            let fits = rule.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(method))
                && path.starts_with(&rule.path)
                && path.contains(&rule.within)
                && rule.query.as_ref().is_none_or(|q| query.contains(q.as_str()));
            if !fits || rule.left == 0 {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            if rule.left != u32::MAX {
                rule.left -= 1;
            }
            struck = Some(rule.fault.clone());
            break;
        }
        self.0.retain(|r| r.left > 0);
        struck
    }

    fn arm(&mut self, rule: Rule) {
        self.0.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many rules have not been used up.
    pub(crate) fn waiting(&self) -> usize {
        self.0.len()
    }
}

/// A rule in the making; [`FaultRule::fail`] arms it.
#[must_use = "a rule strikes only after .fail(…)"]
#[derive(Debug)]
pub struct FaultRule<'a> {
    core: &'a Core,
    rule: Rule,
}

impl<'a> FaultRule<'a> {
    pub(crate) fn new(core: &'a Core, method: Option<&str>, path: &str) -> Self {
        let rule = Rule {
            // No method: any.
            method: method.filter(|m| !m.is_empty()).map(str::to_owned),
            path: path.to_owned(),
            within: String::new(),
            query: None,
            skip: 0,
            left: 1,
            fault: Fault::Empty,
        };
        Self { core, rule }
    }

    /// Only requests whose query contains this text.
    pub fn query(mut self, part: &str) -> Self {
        self.rule.query = Some(part.to_owned());
        self
    }

    /// Only requests whose path contains this text too.
    pub fn within(mut self, part: &str) -> Self {
        self.rule.within = part.to_owned();
        self
    }

    /// Lets the first `n` matching requests through.
    pub fn skip(mut self, n: u32) -> Self {
        self.rule.skip = n;
        self
    }

    /// Strikes `n` times (default once).
    pub fn times(mut self, n: u32) -> Self {
        self.rule.left = n;
        self
    }

    /// Strikes until [`crate::Simulator::clear_faults`].
    pub fn always(mut self) -> Self {
        self.rule.left = u32::MAX;
        self
    }

    /// Arms the rule.
    pub fn fail(self, fault: Fault) {
        self.core.lock().faults.arm(Rule { fault, ..self.rule });
    }
}
