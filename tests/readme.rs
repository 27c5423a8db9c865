//! What the README says, in either language, is what the program does.

use std::fs;
use std::path::Path;

use natter::config::options::Opt;
use natter::config::table::OPTIONS;

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(path).expect("there is a README")
}

fn readme() -> String {
    read("README.md")
}

/// One option as its row begins.
fn usage(name: &str, value: &str) -> String {
    format!("--{name} {}", value.replace('|', "\\|")).trim().to_string()
}

/// The rows of options in the section with that heading.
fn rows<'a>(readme: &'a str, heading: &str) -> Vec<&'a str> {
    let section = readme.split("\n## ").find(|section| section.starts_with(heading));
    let lines = section.expect("there is such a section").lines();
    lines.filter(|line| line.starts_with("| `--")).collect()
}

/// The option table under `headings` (English, Chinese) is the one of the program, in each language.
fn assert_table_of<C>(options: &[Opt<C>], headings: [&str; 2]) {
    for (lang, page) in ["README.md", "README.zh-CN.md"].into_iter().enumerate() {
        let row = |opt: &Opt<C>| {
            let usage = usage(opt.name, opt.value);
            format!("| `{usage}` | {} | {} |", opt.help[lang], opt.default[lang])
        };
        let wanted: Vec<String> = options.iter().map(row).collect();
        assert_eq!(rows(&read(page), &format!("{}\n", headings[lang])), wanted);
    }
}

#[test]
fn its_option_table_is_the_programs() {
    assert_table_of(OPTIONS, ["Doors and options", "入口和选项"]);
}

#[cfg(feature = "client")]
#[test]
fn the_clients_option_table_is_the_clients() {
    assert_table_of(natter::client::options::OPTIONS, ["Join", "加入"]);
}

#[test]
fn it_gives_the_two_commands() {
    for name in ["README.md", "README.zh-CN.md"] {
        assert!(read(name).contains("```sh\ncargo run --release\ncargo test\n```"), "{name}");
    }
}

/// What must be the same in every language, in order.
fn bones(readme: &str) -> Vec<String> {
    let mut bones = Vec::new();
    let mut is_code = false;
    for line in readme.lines() {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        if is_code || is_fence {
            bones.push(line.to_string());
        } else if let Some((level, _)) = line.split_once(' ').filter(|_| line.starts_with('#')) {
            bones.push(level.to_string());
        } else if let Some(cells) = line.strip_prefix("| `") {
            // The first cell is what is typed, and a default in figures is one everywhere.
            let (typed, rest) = cells.split_once("` | ").expect("the first cell is code");
            let last = rest.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
            let is_figure = last.starts_with(|c: char| c.is_ascii_digit()) && last.is_ascii();
            bones.push(format!("{typed} {}", if is_figure { last } else { "" }));
        } else if line.starts_with('|') {
            let is_number = |cell: &&str| cell.trim().parse::<f64>().is_ok();
            let figures: Vec<&str> = line.split('|').filter(is_number).collect();
            bones.push(format!("{} cells, {figures:?}", line.matches('|').count()));
        } else if let Some((_, target)) = line.split_once("](") {
            let target = target.split(')').next().unwrap_or(target);
            // Each names the other.
            bones.push(target.replace("README.zh-CN.md", "").replace("README.md", ""));
        }
    }
    bones
}

#[test]
fn both_languages_have_the_same_headings_commands_and_options() {
    assert_eq!(bones(&read("README.zh-CN.md")), bones(&readme()));
    let chinese = read("README.zh-CN.md");
    let rest = chinese.lines().filter(|line| line.starts_with("## ") && line.is_ascii());
    assert_eq!(rest.collect::<Vec<_>>(), Vec::<&str>::new(), "headings are translated");
}
