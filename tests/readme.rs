//! The README and the pages in `docs/`, in either language, agree with the program.
//!
//! Sections of `docs/protocol.md`: "Commands at the telnet door".

use std::fs;
use std::path::{Path, PathBuf};

use natter::config::options::Opt;
use natter::config::table::{LOG_OPTIONS, OPTIONS};
use natter::door::lang::Lang;

/// Reading it must not take more than two minutes.
const README_LINES_MAX: usize = 150;
const READMES: [&str; 2] = ["README.md", "README.zh-CN.md"];
/// Pages that exist in both languages.
const TWINS: [[&str; 2]; 2] = [READMES, ["docs/options.md", "docs/options.zh-CN.md"]];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns all pages of the project, by their paths.
fn pages() -> Vec<String> {
    let folders = ["", "docs/"].into_iter().flat_map(|folder| {
        let files = fs::read_dir(path(folder)).expect("the folder is there").flatten();
        files.map(move |file| format!("{folder}{}", file.file_name().to_string_lossy()))
    });
    let mut pages: Vec<String> = folders.filter(|name| name.ends_with(".md")).collect();
    pages.sort();
    assert!(pages.len() > 5, "{pages:?}");
    pages
}

/// Returns the beginning of an option's row.
fn usage(name: &str, value: &str) -> String {
    format!("--{name} {}", value.replace('|', "\\|")).trim().to_string()
}

/// Returns the section of `page` with that heading.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let mut sections = page.split("\n## ");
    let section = sections.find(|section| section.lines().next() == Some(heading));
    section.unwrap_or_else(|| panic!("there is no section {heading}"))
}

/// Asserts that the option table under `heading` is the program's, in each language.
fn assert_table_of<C>(options: &[Opt<C>], heading: &str) {
    for (lang, page) in TWINS[1].into_iter().enumerate() {
        let row = |opt: &Opt<C>| {
            let usage = usage(opt.name, opt.value);
            format!("| `{usage}` | {} | {} |", opt.help[lang], opt.default[lang])
        };
        let wanted: Vec<String> = options.iter().map(row).collect();
        let page = read(page);
        let rows = section(&page, heading).lines().filter(|line| line.starts_with("| `--"));
        assert_eq!(rows.collect::<Vec<_>>(), wanted);
    }
}

#[test]
fn the_option_table_matches_the_server() {
    assert_table_of(OPTIONS, "natter");
    assert_table_of(LOG_OPTIONS, "natter log");
}

#[cfg(feature = "client")]
#[test]
fn the_clients_option_table_matches_the_client() {
    assert_table_of(natter::client::options::OPTIONS, "natter join");
}

#[test]
fn the_readmes_are_short_and_contain_the_commands() {
    for name in READMES {
        let readme = read(name);
        let lines = readme.lines().count();
        assert!(lines <= README_LINES_MAX, "{name}: {lines} lines");
        for commands in [
            "cargo run --release\ncargo test\n",
            "cargo install --path .\nnatter\n",
            "natter join\n",
        ] {
            assert!(readme.contains(&format!("```sh\n{commands}```")), "{name}: {commands}");
        }
    }
}

/// Returns the words after a slash at the start of a piece of code: `/who` and `/join ROOM` in
/// backquotes.
fn slash_words(text: &str) -> Vec<&str> {
    let words = text.split("`/").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
        &rest[..end]
    });
    words.filter(|word| word.len() > 1).collect()
}

#[test]
fn every_command_of_the_telnet_door_is_explained() {
    let page = read("docs/protocol.md");
    let explained = slash_words(section(&page, "Telnet door"));
    let help = Lang::En.slash_help();
    let commands = help.split("system: /").skip(1);
    let commands: Vec<&str> = commands.filter_map(|rest| rest.split([' ', '\n']).next()).collect();
    assert!(commands.len() > 15, "{commands:?}");
    for command in &commands {
        assert!(explained.contains(command), "/{command} is missing in docs/protocol.md");
    }
    // And the READMEs mention no other commands, except synonyms and `/help`.
    for name in READMES {
        for word in
            slash_words(&read(name)).iter().filter(|&word| !["help", "nick", "w"].contains(word))
        {
            assert!(commands.contains(word), "{name}: /{word} is no command");
        }
    }
}

#[test]
fn every_figure_of_the_readmes_is_in_the_page_of_benchmarks() {
    let benchmarks = read("docs/benchmarks.md");
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-');
    let figures = |text: &str| -> Vec<String> {
        let words =
            text.split(|c: char| !is_part(c)).map(|word| word.trim_matches(['.', ',', '-']));
        words.filter(|word| !word.is_empty()).map(str::to_string).collect()
    };
    let known = figures(&benchmarks);
    for (name, heading) in READMES.into_iter().zip(["Figures", "数据"]) {
        let readme = read(name);
        let quoted = figures(section(&readme, heading));
        assert!(quoted.len() > 5, "{name}: {quoted:?}");
        // "no system call" is a 0, and percentiles are called p99.
        for figure in quoted.iter().filter(|&figure| figure != "0") {
            let figure = if figure == "99" { "p99" } else { figure };
            let is_known = known.iter().any(|known| known == figure);
            assert!(is_known || benchmarks.contains(&format!("{figure} ")), "{name}: {figure}");
        }
    }
}

/// Returns the targets of all links in `text`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// Returns the anchor of a heading.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let is_kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.chars().filter(is_kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Returns the anchors of all headings of `page`, in order.
fn anchors(page: &str) -> Vec<String> {
    page.lines().filter(|line| line.starts_with('#')).map(anchor).collect()
}

#[test]
fn every_link_has_a_target() {
    for name in pages() {
        let page = read(&name);
        let folder = Path::new(&name).parent().expect("a file is in a folder");
        for link in links(&page).filter(|link| !link.starts_with("http")) {
            let (target, place) = link.split_once('#').unwrap_or((link, ""));
            let target = match target {
                "" => name.clone(),
                _ => folder.join(target).to_string_lossy().into_owned(),
            };
            assert!(path(&target).exists(), "{name}: {link}");
            let is_there = place.is_empty() || anchors(&read(&target)).contains(&place.to_string());
            assert!(is_there, "{name}: {link} is no heading");
        }
    }
}

/// Each section of the specification has a test file, which names it, in the table at its end.
#[test]
fn every_section_of_the_protocols_has_a_test_that_names_it() {
    let page = read("docs/protocol.md");
    let specification = page.split("\n## Tests\n").next().expect("a split has a first part");
    let sections = specification.lines().filter_map(|line| line.strip_prefix("### "));
    let sections: Vec<&str> = sections.collect();
    assert!(sections.len() > 15, "{sections:?}");
    let rows = section(&page, "Tests").lines().filter(|line| line.starts_with("| ["));
    let mut told = Vec::new();
    for row in rows {
        let (name, files) = row[3..].split_once("](").expect("a link");
        for file in files.split('`').skip(1).step_by(2) {
            let head = read(file).lines().take_while(|line| line.starts_with("//!")).fold(
                String::new(),
                |mut head, line| {
                    head.push_str(&line[3..]);
                    head
                },
            );
            assert!(head.contains(&format!("\"{name}\"")), "{file} must name its section {name}");
        }
        told.push(name);
    }
    assert_eq!(told, sections);
}

/// Returns what must be the same in every language, in order.
fn bones(page: &str) -> Vec<String> {
    let anchors = anchors(page);
    let mut bones = Vec::new();
    let mut is_code = false;
    for line in page.lines() {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        if is_code || is_fence {
            bones.push(line.to_string());
            continue;
        }
        if let Some((level, _)) = line.split_once(' ').filter(|_| line.starts_with('#')) {
            bones.push(level.to_string());
        } else if let Some(cells) = line.strip_prefix("| `") {
            // The first cell is what is typed, and a default that is a number is the same
            // everywhere.
            let (typed, rest) = cells.split_once("` | ").expect("the first cell is code");
            let last = rest.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
            let is_figure = last.starts_with(|c: char| c.is_ascii_digit()) && last.is_ascii();
            bones.push(format!("{typed} {}", if is_figure { last } else { "" }));
        } else if line.starts_with('|') {
            let is_number = |cell: &&str| cell.trim().parse::<f64>().is_ok();
            let figures: Vec<&str> = line.split('|').filter(is_number).collect();
            bones.push(format!("{} cells, {figures:?}", line.matches('|').count()));
        }
        for target in links(line) {
            bones.push(match target.strip_prefix('#') {
                // The same heading, although its text differs.
                Some(place) => format!("#{:?}", anchors.iter().position(|known| known == place)),
                // Each page links to its twin, and to pages in its language.
                None => target.replace(".zh-CN", ""),
            });
        }
    }
    bones
}

#[test]
fn both_languages_have_the_same_headings_commands_and_options() {
    for [english, chinese] in TWINS {
        assert_eq!(bones(&read(chinese)), bones(&read(english)));
        let page = read(chinese);
        // Commands have the same names everywhere.
        let is_left = |line: &&str| line.starts_with("## ") && line.is_ascii();
        let left = page.lines().filter(is_left).filter(|line| !line.starts_with("## natter"));
        assert_eq!(left.collect::<Vec<_>>(), Vec::<&str>::new(), "headings are translated");
    }
}

/// Chinese text has full-width punctuation, and a space where Latin text begins or ends.
#[test]
fn the_chinese_pages_follow_the_typography() {
    let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    for [_, name] in TWINS {
        let page = read(name);
        let text = page.split("```").step_by(2).flat_map(str::lines);
        for line in text {
            let chars: Vec<char> = line.chars().filter(|&c| c != '`' && c != '*').collect();
            for pair in chars.windows(2) {
                let [left, right] = [pair[0], pair[1]];
                let is_halved = is_han(left) && matches!(right, ',' | ';' | ':' | '!' | '?' | '(');
                assert!(!is_halved, "{name}: half-width {right} in: {line}");
                let is_close =
                    |han: char, latin: char| is_han(han) && latin.is_ascii_alphanumeric();
                let touch = is_close(left, right) || is_close(right, left);
                assert!(!touch, "{name}: no space between {left} and {right} in: {line}");
            }
        }
    }
}
