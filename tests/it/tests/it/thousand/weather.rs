//! What goes wrong on the way.

use backscroll_model::*;
use backscroll_simulator::{Cut, Echo, Fault, Network};
use rand::{RngExt as _, seq::IndexedRandom as _};

use super::Run;

impl Run {
    fn on_send(&self, skip: u32, fault: Fault) {
        match self.provider {
            Provider::Ayrshare => self.desk.sim.on("POST", "/messages/").skip(skip).fail(fault),
            Provider::Meta => self.desk.sim.graph().on("POST", "/messages").skip(skip).fail(fault),
        }
    }

    fn on_read(&self, times: u32, fault: Fault) {
        match self.provider {
            Provider::Ayrshare => self.desk.sim.on("GET", "/messages/").times(times).fail(fault),
            Provider::Meta => self.desk.sim.graph().on("GET", "").times(times).fail(fault),
        }
    }

    /// What a request may meet.
    fn fault(&mut self) -> Fault {
        // Says nothing of the outcome, so it may happen before or after the message was delivered.
        let unclear = [
            Fault::Reset,
            Fault::HalfOpen,
            Fault::http(500),
            Fault::http(503),
            Fault::Html { http: 200 },
            Fault::Empty,
            Fault::Garbage { bytes: 2_000 },
            Fault::Redirect { http: 307, to: "/api/messages/facebook".to_owned() },
            Fault::Redirect { http: 301, to: "https://elsewhere.example.test/".to_owned() },
        ];
        let said = |message: &str| Fault::Status { http: 400, code: 107, message: message.to_owned() };
        let clear = match self.provider {
            Provider::Ayrshare => [
                Fault::RateLimited { retry_after_s: Some(40) },
                Fault::RateLimited { retry_after_s: None },
                Fault::http(401),
                said("(#551) This person isn't available right now."),
                said("(#613) Calls to this API have exceeded the rate limit."),
            ],
            Provider::Meta => [
                Fault::graph(4, None),
                Fault::graph(613, None),
                Fault::graph(190, Some(463)),
                Fault::graph(551, None),
                Fault::graph(190, None),
            ],
        };
        let (from, to) = (self.rng.random_range(1..30), self.rng.random_range(0..40));
        match self.rng.random_range(0..10) {
            0..4 => Fault::applied(unclear.choose(&mut self.rng).unwrap().clone()),
            4..6 => unclear.choose(&mut self.rng).unwrap().clone(),
            6 => Fault::CutBody { after: to, how: self.one_of(&[Cut::Reset, Cut::Close]) },
            7 => Fault::without_id(),
            8 => Fault::Delay { ms: from },
            _ => clear.choose(&mut self.rng).unwrap().clone(),
        }
    }

    fn on_upload(&self, fault: Fault) {
        match self.provider {
            Provider::Ayrshare => self.desk.sim.on("POST", "/media/upload").fail(fault),
            Provider::Meta => self.desk.sim.graph().on("POST", "/message_attachments").fail(fault),
        }
    }

    fn echoes_go_astray(&mut self) {
        let late = Echo::Late { ms: self.one_of(&[2_000, 90_000, 600_000]) };
        let (times, echo) = (self.rng.random_range(1..4), self.one_of(&[Echo::Lost, Echo::Twice, late]));
        match self.provider {
            Provider::Ayrshare => self.desk.sim.echoes(times, echo),
            Provider::Meta => self.desk.sim.graph().echoes(times, echo),
        }
    }

    pub(super) async fn step(&mut self) {
        match self.rng.random_range(0..13) {
            0..4 => {
                let (skip, fault) = (self.rng.random_range(0..3), self.fault());
                self.on_send(skip, fault);
            }
            4 => {
                let fault = [Fault::Reset, Fault::http(500), Fault::Garbage { bytes: 500 }, Fault::Html { http: 200 }];
                let (times, fault) = (self.rng.random_range(1..4), fault.choose(&mut self.rng).unwrap().clone());
                self.on_read(times, fault);
            }
            5 => {
                let chat = self.chats.choose(&mut self.rng).unwrap().clone();
                self.writes(&chat);
            }
            6 if self.rng.random_range(0..3) == 0 => {
                self.desk.sim.set_network(Network::Refused).unwrap();
                let for_s = self.rng.random_range(2..90);
                self.desk.advance(for_s).await;
                self.desk.sim.set_network(Network::Up).unwrap();
            }
            7 => self.echoes_go_astray(),
            12 => {
                let fault = [
                    Fault::Reset,
                    Fault::applied(Fault::Reset),
                    Fault::applied(Fault::http(500)),
                    Fault::CutUpload { after: 200 },
                    Fault::LostUpload,
                    Fault::http(503),
                ];
                let fault = fault.choose(&mut self.rng).unwrap().clone();
                self.on_upload(fault);
            }
            8 => {
                // X shows a message three minutes late at most (`reference/ayrshare.md` 2.6), and is not read further back.
                let longest = if self.provider == Provider::Ayrshare { 3 * MINUTE } else { 10 * MINUTE };
                let lag = self.one_of(&[0, 0, 5_000, longest]);
                self.desk.sim.set_knobs(|k| k.echo_lag_ms = lag);
            }
            _ => {
                let seconds = self.rng.random_range(1..90);
                self.desk.advance(seconds).await;
            }
        }
    }
}
