//! Tests of names: which are allowed, which look alike, and which are suggested.

use unicode_script::UnicodeScript;

use super::*;
use crate::chat::skeleton::{skeleton_hash, skeletons};

fn alice() -> UserKey {
    UserKey::of_index(1)
}

fn refusal(name: &str) -> Option<NickFault> {
    Names::new().check(name).err()
}

#[test]
fn ordinary_names_of_the_world_are_allowed() {
    let names = "alice 小明 Zoë o'brien r2-d2 a_b.c Ольга Ἀθηνᾶ राम ธนพล محمد 정우 さくら 0 Nguyễn \
        ABCDEFGHIJKLMNOP 名名名名名名名名 ที่รัก พระ น้ำ ສະບາຍ ខ្មែរ မြန်မာ বাংলা தமிழ் ཀརྨ \
        ガンダム ﾀﾛｳ מֹשֶׁה مُحَمَّد ᏣᎳᎩ ⵣⵉⵔⵉ Ţepeş İnci ʻokina 系列 root_beer okay x2 2";
    for name in names.split_whitespace() {
        assert_eq!(refusal(name), None, "{name}");
    }
    assert_eq!(Nick::new("e\u{301}ve").expect("is a name").as_str(), "éve", "kept in NFC");
}

#[test]
fn a_name_has_one_skeleton_in_any_case() {
    for (one, other) in [("Bob", "b0b"), ("Вова", "вова"), ("ΟΔΟΣ", "Οδος"), ("Groß", "GROSS")]
    {
        assert_eq!(skeleton_hash(one), skeleton_hash(other), "{one} {other}");
    }
    assert_ne!(skeleton_hash("bob"), skeleton_hash("rob"));
}

#[test]
fn names_that_deceive_are_refused() {
    use NickFault::{Characters, Marks, MixedScripts, Reserved, Start, TooLong};
    for (name, fault) in [
        ("", Start),
        ("a:b", Characters),
        ("a\u{ff1a}b", Characters),
        ("a\u{2236}b", Characters),
        ("[x]", Characters),
        ("*", Characters),
        ("-n", Start),
        ("'x'", Start),
        ("a\u{200b}b", Characters),
        ("a\u{200d}b", Characters),
        ("a\u{ad}b", Characters),
        ("a\u{202e}b", Characters),
        ("a\u{feff}", Characters),
        ("a\u{1b}b", Characters),
        ("\u{3164}", Characters),
        ("\u{115f}", Characters),
        ("\u{301}", Start),
        ("\u{301}\u{302}", Start),
        ("a\u{316}\u{317}\u{318}\u{319}", Characters),
        ("\u{fffd}", Characters),
        ("-", Start),
        ("...", Start),
        ("__", Start),
        ("-[", Characters),
        ("e\u{301}\u{301}", Marks),
        ("1\u{301}", Marks),
        ("ABCDEFGHIJKLMNOPQ", TooLong),
        ("名名名名名名名名名", TooLong),
        ("аlice", MixedScripts),
        ("alicε", MixedScripts),
        ("ok", Reserved),
        ("OK", Reserved),
        ("System", Reserved),
        ("SYSTEM", Reserved),
        ("syst\u{435}m", MixedScripts),
        ("系统", Reserved),
        ("exit", Reserved),
        ("EX1T", Reserved),
        ("ＯＫ", Reserved),
        ("who", Reserved),
        ("help", Reserved),
    ] {
        assert_eq!(refusal(name), Some(fault), "{name:?}");
    }
    assert_eq!(refusal(&"\u{1f600}".repeat(200)), Some(TooLong), "before any work is done");
}

#[test]
fn names_that_imitate_others_are_refused() {
    use NickFault::{Characters, MixedScripts, Reserved};
    for (names, fault) in [
        (
            "系统\u{1161} 系统\u{d7b0} alice\u{d4e} alice\u{111c2} 系统\u{16fe4} ˢʸˢᵗᵉᵐ ⓢⓨⓢⓣⓔⓜ",
            Characters,
        ),
        ("🆂🆈🆂🆃🅴🅼 🅂🅈🅂🅃🄴🄼 ꜱʏꜱᴛᴇᴍ ᴀlice ⲁlice", Characters),
        (
            "系统\u{17d2} alice\u{983} alice\u{17c7} alice1\u{17c7} 1\u{17c7} alice\u{1038}",
            MixedScripts,
        ),
        (
            "alice\u{f7f} alice\u{c03} alice\u{e30} alice\u{eb0} alice_\u{eb0} s\u{443}s",
            MixedScripts,
        ),
        (
            "system. system_ system- system' sys.tem system\u{2bc} s\u{fd}stem OK. ok_ exit2",
            Reserved,
        ),
        ("you me YOU m.e Me2 y0u mé Administrator Administrat0r everybody", Reserved),
        (
            "system.msg system-bot SYSTEM.MSG msg.system SystemBot BobAdmin server-1 ad-min",
            Reserved,
        ),
        ("systɛm systǝm sƴstem øk", Reserved),
        (
            "系纟充 系糸充2 繫统 繋統 管王里员 管理員 菅理员 服務器 服务噐 伺服器 超级管理员 系统管理員",
            Reserved,
        ),
        (
            "你 您 我 本人 妳 你們 誰 用戶 用户 使用者 幫助 帮助 說明 離開 大家 全體成員 所有人 網管",
            Reserved,
        ),
        ("exit_10 all1 r00t 5ystem ѕуѕтем 系统员 系统2 系.统 糸统 係统 糸統", Reserved),
    ] {
        for name in names.split_whitespace() {
            assert_eq!(refusal(name), Some(fault), "{name:?}");
        }
    }
}

/// Every mark on every letter: only those are allowed that give one accented character.
#[test]
fn no_mark_makes_a_look_alike_of_a_taken_name() {
    let mut names = Names::new();
    let marks: Vec<char> = ('\0'..=char::MAX).filter(|&c| is_mark(c)).collect();
    assert!(marks.len() > 2_000, "{}", marks.len());
    for name in ["alice", "вова", "Νίκη", "アリス", "小明", "राम", "محمد", "정우", "ธนพล", "x1"]
    {
        names.claim(name, alice());
        let starts = name.char_indices().map(|(end, _)| name.split_at(end)).skip(1);
        let starts = starts.chain([(name, "")]);
        for ((start, rest), mark) in starts.flat_map(|parts| marks.iter().map(move |&c| (parts, c)))
        {
            let other = format!("{start}{mark}{rest}");
            let Ok(nick) = names.check(&other) else { continue };
            let is_taken = !names.is_free(&other, None);
            let became_another_letter = !nick.as_str().starts_with(start);
            let script = start.chars().next_back().expect("it is not empty").script();
            let composes = matches!(script, Script::Latin | Script::Greek | Script::Cyrillic);
            let belongs = !composes && mark.script_extension().contains_script(script);
            assert!(is_taken || became_another_letter || belongs, "{other} {mark:?}");
        }
        names.release(name, alice());
    }
}

#[test]
fn accents_of_living_languages_are_allowed() {
    let names = "Adébọ́lá Kɔ́sí Ọláyínká ẹ̀kọ́ Nguyễn Lưu Žižek Ångström Łukasz Đặng Ғалым ё Ѝ ぢ ガ ᾧδή नि \
        ਸਿੰਘ שָׁלוֹם دُنْيَا ລາວ ကြီး ខ្ញុំ";
    for name in names.split_whitespace() {
        assert_eq!(refusal(name), None, "{name}");
    }
}

#[test]
fn words_that_contain_reserved_ones_are_allowed() {
    for name in "systematic wholly allison helpful mel youssef okay root_beer r00ter nonesuch 系列 统一 管乐 \
        自己人 你好 我家 用心 meme".split_whitespace() {
        assert_eq!(refusal(name), None, "{name}");
    }
}

#[test]
fn names_that_look_alike_are_one_name() {
    for (had, wanted) in [
        ("alice", "Alice"),
        ("alice", "ALICE"),
        ("Alice", "AIice"),
        ("Alice", "A1ice"),
        ("ChanServ", "Chɑnserv"),
        ("coco", "сосо"),
        ("Straße", "STRASSE"),
        ("ΣΑΣ", "σας"),
        ("alice", "ａｌｉｃｅ"),
        ("Zoë", "Zoe\u{308}"),
        ("alice", "ꓮꓡꓲꓚꓰ"),
        ("alice", "AꓡIꓚE"),
        ("alice", "ᎪLICE"),
        ("alice", "al1ce"),
        ("mark", "МАRК"),
        ("вова", "ВОВА"),
        ("bob0", "BOBO"),
        ("will", "vvill"),
        ("Will", "VVILL"),
        ("ẃill", "vv́ill"),
        ("リリ", "りり"),
        ("さくら", "サクラ"),
        ("へや", "ﾍﾔ"),
        ("カイ", "力イ"),
        ("peter", "pɛtɛr"),
    ] {
        let mut names = Names::new();
        names.claim(had, alice());
        assert!(!names.is_free(wanted, None), "{wanted} beside {had}");
        assert!(names.is_free(wanted, Some(alice())), "{had} may become {wanted}");
        assert_eq!(names.holder(wanted), Some(alice()));
        names.release(had, alice());
        assert!(names.is_free(wanted, None));
        assert!(names.holders.is_empty());
    }
}

#[test]
fn numbered_names_are_distinct() {
    let mut names = Names::new();
    let padded = (1..=10_000).map(|n| format!("user{n:05}"));
    let plain = (0..10_000).map(|n| format!("u{n}"));
    let many = (1..=19_000).map(|n| format!("r{n}"));
    for name in padded.chain(plain).chain(many) {
        assert!(names.check(&name).is_ok() && names.is_free(&name, None), "{name}");
        names.claim(&name, alice());
    }
    assert_eq!(names.holders.len(), 39_000, "one skeleton each");
}

#[test]
fn ascii_names_have_the_same_skeletons_as_other_texts() {
    let ascii = ('0'..='z').chain(['-', '.', '\'']);
    for c in ascii.filter(|&c| may_stand_in_nick(c)) {
        let [drawn, _] = skeletons(&c.to_string());
        assert_eq!(skeletons(&format!("{c}é")), [(); 2].map(|()| format!("{drawn}e\u{301}")));
    }
}

#[test]
fn suggested_names_are_free_and_allowed() {
    let mut names = Names::new();
    names.claim("alice", alice());
    for (wanted, suggested) in [
        ("alice", "alice2"),
        ("al[]ice", "alice2"),
        ("bob", "bob"),
        ("exit", "guest"),
        ("system.", "guest"),
        ("", "guest"),
        ("***", "guest"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "ABCDEFGHIJKLMNOP"),
        ("名名名名名名名名名名", "名名名名名名名名"),
    ] {
        let free = names.suggest(wanted);
        assert_eq!(free, suggested, "for {wanted:?}");
        assert!(names.check(&free).is_ok() && names.is_free(&free, None));
    }
    for _ in 0..300 {
        let free = names.suggest("ABCDEFGHIJKLMNOP");
        assert!(names.check(&free).is_ok() && names.is_free(&free, None));
        names.claim(&free, alice());
    }
}

#[test]
fn a_suggestion_takes_a_bounded_number_of_tries() {
    let mut names = Names::new();
    for number in 0..5_000 {
        names.claim(&format!("stem{number}"), alice());
        names.claim(&format!("guest{number}"), alice());
    }
    names.claim("stem", alice());
    names.claim("guest", alice());
    for wanted in ["stem", "exit", "a:b", "stem7", "", "-"] {
        let mut tries = 0;
        let free = names.suggest_counting(wanted, &mut tries);
        assert!(names.is_free(&free, None), "{wanted}: {free}");
        assert!(tries <= 24, "{wanted}: {tries} tries");
    }
}

#[test]
fn a_suggested_guest_name_is_free_in_any_order_of_arrivals() {
    let mut names = Names::new();
    for number in (2..=11).rev().chain([14]) {
        names.claim(&format!("guest{number}"), alice());
    }
    names.claim("guest", alice());
    let free = names.suggest("exit");
    assert!(names.is_free(&free, None), "{free}");
}
