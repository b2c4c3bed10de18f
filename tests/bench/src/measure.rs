//! How things are timed: two ways of doing the same work in turn, A B A B, in one process and one thread, in CPU time
//! of that thread; the first round warms caches and is thrown away; medians and quantiles of the rest.
//!
//! Wall time is used only where waiting is the question, and says so. The machine may be busy: a ratio of two things
//! measured in turn survives that, an absolute time does not.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use cpu_time::{ProcessTime, ThreadTime};

/// The clock of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// CPU time of this thread.
    Cpu,
    /// CPU time of all threads of this process: for work that hands over between threads.
    Process,
    /// Time that passes.
    Wall,
}

impl Clock {
    /// Does `work` and tells how long it took.
    pub fn time<T>(self, work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
        match self {
            Self::Cpu => {
                let start = ThreadTime::try_now().context("this system has no clock of a thread")?;
                let done = work()?;
                Ok((done, start.try_elapsed().context("this system has no clock of a thread")?))
            }
            Self::Process => {
                let start = ProcessTime::try_now().context("this system has no clock of a process")?;
                let done = work()?;
                Ok((done, start.try_elapsed().context("this system has no clock of a process")?))
            }
            Self::Wall => {
                let start = Instant::now();
                let done = work()?;
                Ok((done, start.elapsed()))
            }
        }
    }
}

/// Times of one kind of work, in microseconds.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    sorted: Vec<f64>,
}

impl Samples {
    /// Takes microseconds in any order.
    pub fn new(mut us: Vec<f64>) -> Self {
        us.sort_by(f64::total_cmp);
        Self { sorted: us }
    }

    /// The value that `q` (0 to 1) of the samples do not pass; 0 without samples.
    pub fn quantile(&self, q: f64) -> f64 {
        let last = self.sorted.len().saturating_sub(1);
        let place = (q.clamp(0.0, 1.0) * last as f64).round() as usize;
        self.sorted.get(place).copied().unwrap_or_default()
    }

    /// The median.
    pub fn p50(&self) -> f64 {
        self.quantile(0.5)
    }

    /// What one in a hundred passes.
    pub fn p99(&self) -> f64 {
        self.quantile(0.99)
    }

    /// The curve of quantiles, for a plot: (percent, microseconds).
    pub fn curve(&self) -> Vec<(f64, f64)> {
        (0..=100).map(|p| (f64::from(p), self.quantile(f64::from(p) / 100.0))).collect()
    }
}

/// Does `a(place)` and `b(place)` in turn for every place and round. Round 0 is not counted.
pub fn alternate<A, B>(
    clock: Clock,
    rounds: usize,
    places: usize,
    mut a: impl FnMut(usize) -> Result<A>,
    mut b: impl FnMut(usize) -> Result<B>,
) -> Result<(Samples, Samples)> {
    let (mut of_a, mut of_b) = (Vec::with_capacity(rounds * places), Vec::with_capacity(rounds * places));
    for round in 0..=rounds {
        for place in 0..places {
            let (kept, took) = clock.time(|| a(place))?;
            std::hint::black_box(kept);
            let (kept, took_b) = clock.time(|| b(place))?;
            std::hint::black_box(kept);
            if round > 0 {
                of_a.push(micros(took));
                of_b.push(micros(took_b));
            }
        }
    }
    Ok((Samples::new(of_a), Samples::new(of_b)))
}

/// Does `work(place)` for every place and round. Round 0 is not counted.
pub fn alone<T>(
    clock: Clock,
    rounds: usize,
    places: usize,
    mut work: impl FnMut(usize) -> Result<T>,
) -> Result<Samples> {
    let mut times = Vec::with_capacity(rounds * places);
    for round in 0..=rounds {
        for place in 0..places {
            let (kept, took) = clock.time(|| work(place))?;
            std::hint::black_box(kept);
            if round > 0 {
                times.push(micros(took));
            }
        }
    }
    Ok(Samples::new(times))
}

/// A duration in microseconds.
pub fn micros(d: Duration) -> f64 {
    d.as_secs_f64() * 1e6
}

/// The median of a few numbers; 0 without any.
pub fn median(values: Vec<f64>) -> f64 {
    Samples::new(values).p50()
}

/// The line `y = at_zero + slope · x` through points, by least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// y at x = 0.
    pub at_zero: f64,
    /// y per x.
    pub slope: f64,
}

impl Line {
    /// Fits the line. Fewer than two different x give a level line.
    pub fn through(points: &[(f64, f64)]) -> Self {
        let n = points.len().max(1) as f64;
        let mean_x = points.iter().map(|p| p.0).sum::<f64>() / n;
        let mean_y = points.iter().map(|p| p.1).sum::<f64>() / n;
        let spread: f64 = points.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
        let slope = if spread > 0.0 {
            points.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum::<f64>() / spread
        } else {
            0.0
        };
        Self { at_zero: mean_y - slope * mean_x, slope }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_line_is_found_again() {
        let points: Vec<_> = (0..10).map(|x| (f64::from(x), 3.0 + 0.5 * f64::from(x))).collect();
        let line = Line::through(&points);
        assert!((line.at_zero - 3.0).abs() < 1e-9 && (line.slope - 0.5).abs() < 1e-9);
    }

    #[test]
    fn quantiles_are_of_the_sorted_samples() {
        let s = Samples::new((0..=100).rev().map(f64::from).collect());
        assert_eq!((s.p50(), s.p99(), s.quantile(1.0)), (50.0, 99.0, 100.0));
        assert_eq!(Samples::default().p50(), 0.0);
    }

    #[test]
    fn both_sides_run_once_per_place_and_the_first_round_is_not_counted() {
        let order = std::cell::RefCell::new(String::new());
        let note = |side: char| {
            order.borrow_mut().push(side);
            Ok(side)
        };
        let (a, b) = alternate(Clock::Cpu, 2, 2, |_| note('a'), |_| note('b')).unwrap();
        assert_eq!(order.into_inner(), "abababababab");
        assert_eq!((a.curve().len(), b.curve().len()), (101, 101));
    }
}
