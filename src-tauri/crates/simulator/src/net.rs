//! The TCP level, where the worst faults live: connections that are refused, reset, or end in the middle of an answer.
//!
//! Each accepted stream is a [`Wire`] with a [`Line`] by which a handler, or the whole network, can cut it. A reset is a
//! real RST (`SO_LINGER` 0), a refused connection a real `ECONNREFUSED`: while the network is down the port stays bound
//! without listening, so nobody else can take it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;

/// How the network behaves for every connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Connections are accepted.
    Up,
    /// New connections are refused (`ECONNREFUSED`), open ones are reset.
    Refused,
    /// Connections are accepted by the system and never served: a half-open peer.
    Silent,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// RST.
    Reset,
    /// FIN: the stream ends early but in order.
    Close,
}

const OPEN: u8 = 0;
const RESET: u8 = 1;

/// The remote control of one connection.
#[derive(Debug, Default)]
pub(crate) struct Line {
    state: AtomicU8,
    /// After so many body bytes of the running answer the connection is cut.
    budget: Mutex<Option<(u64, Cut)>>,
    waker: AtomicWaker,
}

impl Line {
    /// Resets the connection; what was not yet written never leaves.
    pub(crate) fn reset(&self) {
        self.state.store(RESET, Ordering::SeqCst);
        self.waker.wake();
    }

    /// Lets `bytes` of the body of the next answer through, then cuts.
    pub(crate) fn cut_after(&self, bytes: u64, how: Cut) {
        *lock(&self.budget) = Some((bytes, how));
    }
}

/// What a handler learns about its connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer(pub Arc<Line>);

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self(Arc::clone(&stream.io().line))
    }
}

/// A stream that can be cut.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    line: Arc<Line>,
    /// How much of `\r\n\r\n` has been written; 4 = inside the body.
    head_end: usize,
    closing: bool,
}

impl Wire {
    fn die(&self) -> io::Error {
        // An error here means that the peer is gone already, which is what was wanted.
        drop(self.stream.set_zero_linger());
        io::ErrorKind::ConnectionReset.into()
    }

    fn dead(&self) -> bool {
        self.line.state.load(Ordering::SeqCst) == RESET
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.line.waker.register(cx.waker());
        if self.dead() {
            return Poll::Ready(Err(self.die()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.dead() {
            return Poll::Ready(Err(self.die()));
        }
        let budget = *lock(&self.line.budget);
        let Some((left, how)) = budget else {
            return Pin::new(&mut self.stream).poll_write(cx, buf);
        };
        let head = head_length(buf, self.head_end);
        let body_room = usize::try_from(left).unwrap_or(usize::MAX);
        let allowed = buf.len().min(head.length.saturating_add(body_room));
        if allowed == 0 {
            if how == Cut::Close {
                ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
                self.closing = true;
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            return Poll::Ready(Err(self.die()));
        }
        let part = buf.get(..allowed).unwrap_or(buf);
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, part))?;
        self.head_end = head_length(part.get(..written).unwrap_or(part), self.head_end).matched;
        let body = written.saturating_sub(head.length) as u64;
        *lock(&self.line.budget) = Some((left - body.min(left), how));
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closing || self.dead() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

struct Head {
    /// Bytes of the buffer that belong to the head.
    length: usize,
    matched: usize,
}

fn head_length(buf: &[u8], mut matched: usize) -> Head {
    const END: &[u8; 4] = b"\r\n\r\n";
    for (place, byte) in buf.iter().enumerate() {
        if matched == END.len() {
            return Head { length: place, matched };
        }
        matched = if END.get(matched) == Some(byte) { matched + 1 } else { usize::from(*byte == b'\r') };
    }
    Head { length: buf.len(), matched }
}

/// The listening socket, or the bound one that refuses.
#[derive(Debug)]
struct Gate {
    state: Network,
    listener: Option<TcpListener>,
    /// Holds the port while nobody listens.
    reserve: Option<TcpSocket>,
    lines: Vec<Weak<Line>>,
    /// Accepted by nobody: keeps streams open while the network is silent.
    silent: Vec<TcpStream>,
    acceptor: Option<Waker>,
}

/// The simulator's side of the network.
#[derive(Debug)]
pub(crate) struct Net {
    pub(crate) addr: SocketAddr,
    handle: Handle,
    gate: Mutex<Gate>,
}

impl Net {
    /// Binds `addr` and starts to listen. Must be called inside a tokio runtime.
    pub(crate) fn bind(addr: SocketAddr) -> io::Result<Arc<Self>> {
        let listener = bound(addr)?.listen(1024)?;
        let addr = listener.local_addr()?;
        let gate = Gate {
            state: Network::Up,
            listener: Some(listener),
            reserve: None,
            lines: Vec::new(),
            silent: Vec::new(),
            acceptor: None,
        };
        Ok(Arc::new(Self { addr, handle: Handle::current(), gate: Mutex::new(gate) }))
    }

    /// Changes the weather for everybody, at once.
    pub(crate) fn set(&self, state: Network) -> io::Result<()> {
        let _runtime = self.handle.enter();
        let mut gate = lock(&self.gate);
        gate.state = state;
        match state {
            Network::Refused => {
                gate.listener = None;
                if gate.reserve.is_none() {
                    gate.reserve = Some(bound(self.addr)?);
                }
                gate.cut_all();
            }
            Network::Up | Network::Silent => {
                if let Some(socket) = gate.reserve.take() {
                    gate.listener = Some(socket.listen(1024)?);
                }
                gate.cut_all();
            }
        }
        if let Some(waker) = gate.acceptor.take() {
            waker.wake();
        }
        Ok(())
    }

    pub(crate) fn state(&self) -> Network {
        lock(&self.gate).state
    }

    /// Resets every open connection; the end of the server.
    pub(crate) fn close(&self) {
        let mut gate = lock(&self.gate);
        gate.listener = None;
        gate.reserve = None;
        gate.cut_all();
    }
}

impl Gate {
    fn cut_all(&mut self) {
        self.silent.clear();
        for line in self.lines.drain(..).filter_map(|l| l.upgrade()) {
            line.reset();
        }
    }
}

fn bound(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Without it the port cannot be bound again while old connections linger.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

/// What axum accepts from.
#[derive(Debug)]
pub(crate) struct Door(pub Arc<Net>);

impl Listener for Door {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        std::future::poll_fn(|cx| {
            let mut gate = lock(&self.0.gate);
            loop {
                let Some(listener) = &gate.listener else {
                    gate.acceptor = Some(cx.waker().clone());
                    return Poll::Pending;
                };
                match listener.poll_accept(cx) {
                    Poll::Pending => {
                        gate.acceptor = Some(cx.waker().clone());
                        return Poll::Pending;
                    }
                    // A peer that gave up between its SYN and now.
                    Poll::Ready(Err(_)) => {}
                    Poll::Ready(Ok((stream, _))) if gate.state == Network::Silent => gate.silent.push(stream),
                    Poll::Ready(Ok((stream, addr))) => {
                        drop(stream.set_nodelay(true));
                        let line = Arc::new(Line::default());
                        gate.lines.retain(|l| l.strong_count() > 0);
                        gate.lines.push(Arc::downgrade(&line));
                        return Poll::Ready((Wire { stream, line, head_end: 0, closing: false }, addr));
                    }
                }
            }
        })
        .await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.0.addr)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const _: () = assert!(OPEN == 0, "a Line starts open");
