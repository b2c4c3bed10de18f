//! Curves as inline SVG: axes, ticks, a line or dots per series. Nothing more is needed to see a shape.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 62.0;
const BOTTOM: f64 = 44.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 12.0;

/// A figure with two axes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plot {
    /// What it shows.
    pub title: String,
    /// What runs to the right.
    pub x: String,
    /// What runs up.
    pub y: String,
    /// Steps to the right are factors.
    pub log_x: bool,
    /// Steps up are factors.
    pub log_y: bool,
    /// The curves.
    pub series: Vec<Series>,
}

/// One curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Dots that are not joined.
    pub dots: bool,
    /// (x, y).
    pub points: Vec<(f64, f64)>,
}

impl Series {
    /// A joined curve.
    pub fn line(name: &str, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.to_owned(), dots: false, points }
    }

    /// Dots.
    pub fn dots(name: &str, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.to_owned(), dots: true, points }
    }
}

/// One axis: from data to a place on the paper.
struct Axis {
    low: f64,
    high: f64,
    log: bool,
    from: f64,
    to: f64,
}

impl Axis {
    fn new(values: impl Iterator<Item = f64>, log: bool, from: f64, to: f64) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for v in values.filter(|v| v.is_finite() && (!log || *v > 0.0)) {
            low = low.min(v);
            high = high.max(v);
        }
        if !low.is_finite() {
            (low, high) = (1.0, 10.0);
        }
        if log {
            (low, high) = (10_f64.powf(low.log10().floor()), 10_f64.powf(high.log10().ceil()));
            high = high.max(low * 10.0);
        } else {
            low = low.min(0.0);
            high = if high > low { high } else { low + 1.0 };
        }
        Self { low, high, log, from, to }
    }

    fn place(&self, v: f64) -> f64 {
        let share = if self.log {
            (v.max(self.low) / self.low).log10() / (self.high / self.low).log10()
        } else {
            (v - self.low) / (self.high - self.low)
        };
        self.from + share * (self.to - self.from)
    }

    fn ticks(&self) -> Vec<f64> {
        if self.log {
            let decades = (self.high / self.low).log10().round() as i32;
            return (0..=decades).map(|d| self.low * 10_f64.powi(d)).collect();
        }
        let rough = (self.high - self.low) / 5.0;
        let decade = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * decade).find(|s| *s >= rough).unwrap_or(rough);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).map(|n| n as f64 * step).collect()
    }
}

impl Plot {
    /// The figure as SVG. Colours come from the page's style, by number of the series.
    pub fn svg(&self) -> String {
        let all = || self.series.iter().flat_map(|s| s.points.iter().copied());
        let x = Axis::new(all().map(|p| p.0), self.log_x, LEFT, WIDTH - RIGHT);
        let y = Axis::new(all().map(|p| p.1), self.log_y, HEIGHT - BOTTOM, TOP);
        let mut svg = format!(
            r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{}">"#,
            super::html::escape(&self.title)
        );
        for tick in x.ticks() {
            let at = x.place(tick);
            let _ = write!(
                svg,
                r#"<line class="grid" x1="{at:.1}" x2="{at:.1}" y1="{TOP}" y2="{:.1}"/><text x="{at:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
                HEIGHT - BOTTOM,
                HEIGHT - BOTTOM + 15.0,
                short(tick)
            );
        }
        for tick in y.ticks() {
            let at = y.place(tick);
            let _ = write!(
                svg,
                r#"<line class="grid" x1="{LEFT}" x2="{:.1}" y1="{at:.1}" y2="{at:.1}"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0,
                short(tick)
            );
        }
        let _ = write!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{}</text><text transform="translate(13 {:.1}) rotate(-90)" text-anchor="middle">{}</text>"#,
            (LEFT + WIDTH - RIGHT) / 2.0,
            HEIGHT - 8.0,
            super::html::escape(&self.x),
            (TOP + HEIGHT - BOTTOM) / 2.0,
            super::html::escape(&self.y)
        );
        for (number, series) in self.series.iter().enumerate() {
            let colour = number % 6;
            let places: Vec<(f64, f64)> = series.points.iter().map(|p| (x.place(p.0), y.place(p.1))).collect();
            if series.dots {
                for (px, py) in &places {
                    let _ = write!(svg, r#"<circle class="s{colour} dot" cx="{px:.1}" cy="{py:.1}" r="3.5"/>"#);
                }
            } else {
                let path: Vec<String> = places.iter().map(|(px, py)| format!("{px:.1},{py:.1}")).collect();
                let _ = write!(svg, r#"<polyline class="s{colour} line" points="{}"/>"#, path.join(" "));
                if let (Some((px, py)), true) = (places.last(), places.len() < 12) {
                    let _ = write!(svg, r#"<circle class="s{colour} dot" cx="{px:.1}" cy="{py:.1}" r="3.5"/>"#);
                }
            }
        }
        svg.push_str("</svg>");
        svg
    }
}

fn short(v: f64) -> String {
    match v.abs() {
        x if x >= 1e6 => format!("{} M", v / 1e6),
        x if x >= 1e3 => format!("{} k", v / 1e3),
        x if x >= 10.0 || v.fract() == 0.0 => format!("{v:.0}"),
        _ => format!("{}", (v * 1000.0).round() / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_data_makes_a_figure_with_places_on_the_paper() {
        for points in [vec![], vec![(1.0, 5.0)], vec![(0.0, 0.0), (10.0, f64::NAN), (1e6, 3.0)]] {
            for log in [false, true] {
                let plot = Plot {
                    title: "<t>".to_owned(),
                    x: "x".to_owned(),
                    y: "y".to_owned(),
                    log_x: log,
                    log_y: log,
                    series: vec![Series::line("a", points.clone()), Series::dots("b", points.clone())],
                };
                let svg = plot.svg();
                assert!(svg.starts_with("<svg") && svg.ends_with("</svg>") && !svg.contains("<t>"));
                assert!(!svg.contains("inf"), "{svg}");
            }
        }
    }
}
