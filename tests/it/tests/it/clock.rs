//! The engine's clock in tests: the simulator's manual clock, perhaps a little wrong.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use backscroll_engine::{Clock, SendPoint};
use backscroll_model::Timestamp;

#[derive(Clone)]
pub struct TestClock(Arc<Inner>);

type AtPoint = (SendPoint, Box<dyn FnOnce() + Send>);

struct Inner {
    sim: backscroll_simulator::Clock,
    /// How wrong the computer's clock is, milliseconds.
    wrong_by: AtomicI64,
    sleepers: Mutex<Sleepers>,
    /// What happens when a message comes to a point, once.
    at_point: Mutex<Option<AtPoint>>,
}

#[derive(Default)]
struct Sleepers {
    next: u64,
    /// By order of falling asleep: until when (the simulator's time), and whom to wake.
    all: BTreeMap<u64, (i64, Option<Waker>)>,
    /// Woken, but not looked at yet.
    woken: usize,
}

impl TestClock {
    pub fn new(sim: backscroll_simulator::Clock) -> Self {
        Self(Arc::new(Inner {
            sim,
            wrong_by: AtomicI64::new(0),
            sleepers: Mutex::default(),
            at_point: Mutex::default(),
        }))
    }

    pub fn set_wrong_by(&self, ms: i64) {
        self.0.wrong_by.store(ms, Ordering::SeqCst);
    }

    /// The next message that comes to this point meets this.
    pub fn at(&self, point: SendPoint, happens: impl FnOnce() + Send + 'static) {
        *self.0.at_point.lock().unwrap() = Some((point, Box::new(happens)));
    }

    /// Whether no message has come to the point yet.
    pub fn is_waiting(&self) -> bool {
        self.0.at_point.lock().unwrap().is_some()
    }

    /// When the next sleeper wakes, by the simulator's time.
    pub fn next_wake(&self) -> Option<i64> {
        self.0.sleepers.lock().unwrap().all.values().map(|(until, _)| *until).min()
    }

    /// Wakes everyone whose time has come.
    pub fn wake_due(&self) {
        let now = self.0.sim.now_ms();
        let mut sleepers = self.0.sleepers.lock().unwrap();
        let due: Vec<u64> = sleepers.all.iter().filter(|(_, (until, _))| *until <= now).map(|(id, _)| *id).collect();
        for id in due {
            if let Some((_, waker)) = sleepers.all.remove(&id) {
                sleepers.woken += 1;
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
    }

    /// Whether everyone who was woken has looked up.
    pub fn all_awake(&self) -> bool {
        self.0.sleepers.lock().unwrap().woken == 0
    }
}

#[async_trait::async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.sim.now_ms() + self.0.wrong_by.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.0.sim.now_ms() + i64::try_from(duration.as_millis()).unwrap();
        let id = {
            let mut sleepers = self.0.sleepers.lock().unwrap();
            sleepers.next += 1;
            let id = sleepers.next;
            sleepers.all.insert(id, (until, None));
            id
        };
        Sleep { clock: Arc::clone(&self.0), id, ended: false }.await;
    }

    fn reached(&self, point: SendPoint) {
        let here = self.0.at_point.lock().unwrap().take_if(|(at, _)| *at == point);
        if let Some((_, happens)) = here {
            happens();
        }
    }
}

struct Sleep {
    clock: Arc<Inner>,
    id: u64,
    ended: bool,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let id = self.id;
        let clock = Arc::clone(&self.clock);
        let mut sleepers = clock.sleepers.lock().unwrap();
        match sleepers.all.get_mut(&id) {
            Some((_, waker)) => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            None => {
                if !self.ended {
                    self.ended = true;
                    sleepers.woken -= 1;
                }
                Poll::Ready(())
            }
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let mut sleepers = self.clock.sleepers.lock().unwrap();
        // Woken, but given up before it looked: nobody will.
        if sleepers.all.remove(&self.id).is_none() && !self.ended {
            sleepers.woken -= 1;
        }
    }
}
