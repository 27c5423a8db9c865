//! The growth chart: SVG that is legible on light and on dark pages.
use crate::fault::Result;
use crate::host::Machine;
use plotters::coord::ranged1d::Ranged;
use plotters::element::DashedPathElement;
use plotters::prelude::*;

const SIZE: (u32, u32) = (880, 500);
/// Half-way between black and white, so that it contrasts with both.
const INK: RGBColor = RGBColor(0x76, 0x7f, 0x8a);
const KEY_WIDTH: i32 = 28;
const COLOURS: [RGBColor; 4] = [
    RGBColor(0x2f, 0x81, 0xf7),
    RGBColor(0xd1, 0x6d, 0x1f),
    RGBColor(0x2d, 0x9d, 0x55),
    RGBColor(0xb0, 0x5f, 0xd0),
];

/// One series of the chart: clients, CPU-seconds per million delivered lines.
#[derive(Debug, Clone)]
pub struct Series {
    pub label: String,
    pub points: Vec<(f64, f64)>,
    /// Whether it is drawn dashed, in the colour of the series before it.
    pub is_floor: bool,
}

pub fn svg(series: &[Series], machine: &Machine) -> Result<String> {
    let mut text = String::new();
    draw(&mut text, series, machine).map_err(|error| format!("cannot draw: {error}"))?;
    Ok(text)
}

type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;

fn draw(text: &mut String, series: &[Series], machine: &Machine) -> Drawn {
    let series: Vec<_> = series.iter().filter(|series| !series.points.is_empty()).collect();
    let points = || series.iter().flat_map(|series| series.points.iter().copied());
    if points().next().is_none() {
        return Err("nothing was measured".into());
    }
    // No background: that of the page shows through.
    let root = SVGBackend::with_string(text, SIZE).into_drawing_area();
    let font = |size: u32| ("sans-serif", size).into_font().color(&INK);
    let title = "CPU-seconds of the server per million delivered lines";
    let root = root.titled(title, font(18))?;
    let machine =
        format!("{}, {} cores, {}, {}", machine.cpu, machine.cores, machine.kernel, machine.date);
    let root = root.titled(&machine, font(12))?;
    let (x, y) = (range(points().map(|point| point.0)), range(points().map(|point| point.1)));
    let mut chart = ChartBuilder::on(&root)
        .margin(12)
        .margin_right(24)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d((x.0..x.1).log_scale(), (y.0..y.1).log_scale())?;
    chart
        .configure_mesh()
        .bold_line_style(INK.mix(0.35))
        .light_line_style(INK.mix(0.12))
        .axis_style(INK)
        .label_style(font(13))
        .axis_desc_style(font(14))
        .x_desc("clients in the room")
        .y_desc("CPU-seconds per million lines")
        .x_label_formatter(&|clients| format!("{clients}"))
        .y_label_formatter(&|seconds| format!("{}", (seconds * 1e6).round() / 1e6))
        .draw()?;
    let mut colour = 0;
    for (at, one) in series.iter().enumerate() {
        colour += usize::from(at > 0 && !one.is_floor);
        draw_line(&mut chart, one, COLOURS[colour % COLOURS.len()])?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::MiddleRight)
        .label_font(font(13))
        .legend_area_size(34)
        .margin(8)
        .draw()?;
    root.present()?;
    Ok(())
}

type Plane<X, Y> = plotters::coord::cartesian::Cartesian2d<X, Y>;

fn draw_line<'a, DB, X, Y>(
    chart: &mut ChartContext<'a, DB, Plane<X, Y>>,
    series: &Series,
    colour: RGBColor,
) -> Drawn
where
    DB: DrawingBackend + 'a,
    DB::ErrorType: 'static,
    X: Ranged<ValueType = f64> + 'a,
    Y: Ranged<ValueType = f64> + 'a,
{
    let points = series.points.iter().copied();
    let style = colour.stroke_width(2);
    let drawn = if series.is_floor {
        let line = DashedLineSeries::new(points, 7, 5, style);
        chart.draw_series(line)?
    } else {
        let dots = points.clone().map(|point| Circle::new(point, 3, colour.filled()));
        chart.draw_series(dots)?;
        chart.draw_series(LineSeries::new(points, style))?
    };
    let (dash, gap) = if series.is_floor { (7, 5) } else { (KEY_WIDTH, 1) };
    drawn.label(&series.label).legend(move |(x, y)| {
        DashedPathElement::new([(x, y), (x + KEY_WIDTH, y)], dash, gap, style)
    });
    Ok(())
}

/// Returns the range from the power of ten below the least figure to a little above the greatest.
fn range(figures: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = figures
        .filter(|figure| *figure > 0.0)
        .fold((f64::INFINITY, 0.0_f64), |(low, high), figure| (low.min(figure), high.max(figure)));
    (10.0_f64.powf(low.log10().floor()), high * 1.6)
}
