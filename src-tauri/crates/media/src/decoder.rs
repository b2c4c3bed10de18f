//! The parent's side: starts a child for each picture, feeds it, and ends it.
//!
//! One child a picture, because a child that decoded a hostile one must not see the next. Blocking: the engine calls it
//! from a thread that may wait. A child never outlives the call, whatever it does; the threads that feed and hear it
//! end with its pipes.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::outgoing::{self, Hindrance, Order, Ready};
use crate::{DecodeError, Fit, Picture, shrink::MAX_INPUT, wire};

/// The hidden first argument that turns our programs into the child.
pub const DECODE_ARGUMENT: &str = "decode-image";
/// Wall clock for one picture: twice the child's CPU time, for a busy computer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// A picture that is to be sent may be encoded several times; the child has three times the CPU time, too.
const OUTGOING_FACTOR: u32 = 3;
/// Without these no program starts: the libraries of an AppImage, and the system folder of Windows.
const KEPT_VARIABLES: [&str; 3] = ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SystemRoot"];

/// Decodes pictures in child processes.
#[derive(Debug, Clone)]
pub struct Decoder {
    program: PathBuf,
    args: Vec<OsString>,
    timeout: Duration,
}

impl Decoder {
    /// A decoder that starts `program decode-image`; usually `std::env::current_exe()`.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), args: vec![DECODE_ARGUMENT.into()], timeout: TIMEOUT }
    }

    /// Other arguments in the place of [`DECODE_ARGUMENT`].
    #[must_use]
    pub fn with_args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Another wall-clock limit for one picture.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Decodes one picture. Blocks, for at most the wall-clock limit.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`].
    pub fn decode(&self, file: Vec<u8>, fit: Fit) -> Result<Picture, DecodeError> {
        if file.len() > MAX_INPUT {
            return Err(DecodeError::TooLarge);
        }
        // What is no picture needs no process.
        crate::probe(&file).ok_or(DecodeError::Unreadable)?;
        let heard = self.ask(vec![wire::fit_byte(fit)], Arc::new(file), self.timeout, wire::MAX_ANSWER)?;
        wire::read(&heard, fit)
    }

    /// Makes a picture ready to be sent. Blocks, for at most three times the wall-clock limit.
    pub(crate) fn prepare(&self, file: Arc<Vec<u8>>, order: &Order) -> Result<Result<Ready, Hindrance>, DecodeError> {
        let task = [vec![wire::OUTGOING], outgoing::write_order(order)].concat();
        let heard = self.ask(task, Arc::clone(&file), self.timeout * OUTGOING_FACTOR, outgoing::max_answer(order))?;
        outgoing::read(&heard, order, &file).ok_or(DecodeError::Died)
    }

    /// Gives a child its task and a file, and hears at most `most` bytes.
    fn ask(&self, task: Vec<u8>, file: Arc<Vec<u8>>, timeout: Duration, most: usize) -> Result<Vec<u8>, DecodeError> {
        let mut child = self.start()?;
        let (stdin, stdout) = (child.0.stdin.take(), child.0.stdout.take());
        std::thread::spawn(move || {
            // A child that is gone before it has read everything has said why, or died: both are seen on the other pipe.
            let _ = stdin.map(|mut pipe| pipe.write_all(&task).and_then(|()| pipe.write_all(&file)));
        });
        let (said, hear) = mpsc::channel();
        std::thread::spawn(move || {
            let mut answer = Vec::new();
            let heard = stdout.map(|pipe| pipe.take(most as u64 + 1).read_to_end(&mut answer));
            let _ = said.send(heard.and_then(Result::ok).map(|_| answer));
        });
        match hear.recv_timeout(timeout) {
            Ok(Some(answer)) if answer.len() <= most => Ok(answer),
            Ok(_) => Err(DecodeError::Died),
            Err(_) => Err(DecodeError::OutOfTime),
        }
    }

    fn start(&self) -> Result<Reaped, DecodeError> {
        let kept = KEPT_VARIABLES.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let child = Command::new(&self.program)
            .args(&self.args)
            .env_clear()
            .envs(kept)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        child.map(Reaped).map_err(|error| DecodeError::NotStarted(error.kind()))
    }
}

/// A child that is ended and buried when this is dropped.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        // Both fail only if the child is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
