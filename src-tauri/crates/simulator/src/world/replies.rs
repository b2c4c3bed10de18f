//! What people answer when the business writes to them, by language, and what they write of their own accord.

/// Answers and openings of one language.
struct Phrasebook {
    language: &'static str,
    /// To a question of the business.
    to_question: &'static [&'static str],
    /// To anything else.
    to_statement: &'static [&'static str],
    /// Out of the blue.
    openings: &'static [&'static str],
}

const BOOKS: &[Phrasebook] = &[
    Phrasebook {
        language: "en",
        to_question: &[
            "Yes please!",
            "Let me check and get back to you",
            "Saturday would be better if that's ok",
            "Two, please. And thank you for asking",
        ],
        to_statement: &[
            "Perfect, thank you 🙏",
            "Great, see you then!",
            "Ok thanks!",
            "That's really kind of you",
            "👍",
        ],
        openings: &[
            "Hi! Are you open today?",
            "Quick question, do you take cards?",
            "Hello, could I change my order?",
            "Is there still something free this afternoon?",
        ],
    },
    Phrasebook {
        language: "fr",
        to_question: &["Oui, volontiers !", "Plutôt samedi si c'est possible", "Je regarde et je vous redis"],
        to_statement: &["Parfait, merci beaucoup 😊", "Super, à bientôt !", "D'accord, merci"],
        openings: &["Bonjour, vous êtes ouverts aujourd'hui ?", "Bonjour, je peux encore modifier ma commande ?"],
    },
    Phrasebook {
        language: "de",
        to_question: &["Ja, gerne!", "Am Samstag wäre es mir lieber", "Ich frage kurz meine Frau und melde mich"],
        to_statement: &["Super, vielen Dank!", "Passt, bis dann 👋", "Alles klar, danke schön"],
        openings: &["Hallo, habt ihr heute geöffnet?", "Guten Tag, kann man bei euch mit Karte zahlen?"],
    },
    Phrasebook {
        language: "es",
        to_question: &["¡Sí, por favor!", "Mejor el sábado si puede ser", "Déjame mirarlo y te digo"],
        to_statement: &["Perfecto, muchas gracias 🙌", "¡Genial, nos vemos!", "Vale, gracias"],
        openings: &["¡Hola! ¿Abrís hoy?", "Buenas, ¿puedo cambiar mi pedido?"],
    },
    Phrasebook {
        language: "pt",
        to_question: &["Sim, por favor!", "Pode ser no sábado?"],
        to_statement: &["Perfeito, obrigada! 💛", "Combinado, até lá"],
        openings: &["Oi! Vocês abrem hoje?"],
    },
    Phrasebook {
        language: "it",
        to_question: &["Sì, grazie!", "Meglio sabato, se possibile"],
        to_statement: &["Perfetto, grazie mille!", "Va bene, a presto 👋"],
        openings: &["Buongiorno, siete aperti oggi?"],
    },
    Phrasebook {
        language: "pl",
        to_question: &["Tak, poproszę!", "Wolałabym w sobotę"],
        to_statement: &["Super, dziękuję bardzo!", "Okej, do zobaczenia 😊"],
        openings: &["Dzień dobry, czy dziś jest otwarte?"],
    },
    Phrasebook {
        language: "tr",
        to_question: &["Evet, lütfen!", "Cumartesi daha iyi olur"],
        to_statement: &["Harika, çok teşekkürler 🙏", "Tamam, görüşürüz"],
        openings: &["Merhaba, bugün açık mısınız?"],
    },
    Phrasebook {
        language: "ru",
        to_question: &["Да, пожалуйста!", "Лучше в субботу, если можно"],
        to_statement: &["Отлично, спасибо большое!", "Хорошо, до встречи 👋"],
        openings: &["Здравствуйте! Вы сегодня открыты?"],
    },
    Phrasebook {
        language: "uk",
        to_question: &["Так, будь ласка!", "Краще в суботу, якщо можна"],
        to_statement: &["Чудово, дуже дякую! 💙💛", "Добре, до зустрічі"],
        openings: &["Доброго дня! Ви сьогодні працюєте?"],
    },
    Phrasebook {
        language: "el",
        to_question: &["Ναι, παρακαλώ!"],
        to_statement: &["Τέλεια, ευχαριστώ πολύ!", "Εντάξει, τα λέμε"],
        openings: &["Καλημέρα, είστε ανοιχτά σήμερα;"],
    },
    Phrasebook {
        language: "ar",
        to_question: &["نعم من فضلك!", "السبت أفضل إذا أمكن"],
        to_statement: &["ممتاز، شكرًا جزيلًا 🌹", "تمام، إلى اللقاء"],
        openings: &["مرحبًا، هل أنتم مفتوحون اليوم؟"],
    },
    Phrasebook {
        language: "he",
        to_question: &["כן, בבקשה!", "עדיף בשבת אם אפשר"],
        to_statement: &["מעולה, תודה רבה!", "סבבה, נתראה 🙂"],
        openings: &["היי, אתם פתוחים היום?"],
    },
    Phrasebook {
        language: "zh",
        to_question: &["好的，麻烦了！", "周六可以吗？"],
        to_statement: &["太好了，谢谢！😊", "好的，到时候见"],
        openings: &["你好，请问今天营业吗？"],
    },
    Phrasebook {
        language: "ja",
        to_question: &["はい、お願いします！", "土曜日でも大丈夫ですか？"],
        to_statement: &["ありがとうございます！", "了解です、よろしくお願いします🙇"],
        openings: &["こんにちは、今日は営業していますか？"],
    },
    Phrasebook {
        language: "ko",
        to_question: &["네, 부탁드려요!", "토요일도 가능할까요?"],
        to_statement: &["감사합니다! 😊", "네, 그때 뵐게요"],
        openings: &["안녕하세요, 오늘 영업하시나요?"],
    },
    Phrasebook {
        language: "hi",
        to_question: &["हाँ, कृपया!", "शनिवार को हो सकता है क्या?"],
        to_statement: &["बहुत बढ़िया, धन्यवाद 🙏", "ठीक है, मिलते हैं"],
        openings: &["नमस्ते, क्या आप आज खुले हैं?"],
    },
    Phrasebook {
        language: "th",
        to_question: &["ได้ค่ะ ขอบคุณค่ะ", "วันเสาร์ได้ไหมคะ"],
        to_statement: &["เยี่ยมเลย ขอบคุณมากค่ะ 🙏", "โอเคค่ะ เจอกันนะคะ"],
        openings: &["สวัสดีค่ะ วันนี้เปิดไหมคะ"],
    },
    Phrasebook {
        language: "emoji",
        to_question: &["👍👍", "🙋‍♀️✅"],
        to_statement: &["😍", "🥐❤️", "👌🏽"],
        openings: &["🥐❓"],
    },
];

fn book(language: &str) -> Option<&'static Phrasebook> {
    BOOKS.iter().find(|b| b.language == language)
}

/// Whether a dialogue may name this language.
#[cfg(test)]
pub(crate) fn known(language: &str) -> bool {
    book(language).is_some()
}

/// The language of that tag; English for one we have no words for.
pub(crate) fn language(tag: &str) -> &'static str {
    book(tag).map_or("en", |b| b.language)
}

/// What a person with this language answers to `text`; `pick` chooses among the possible ones.
pub(crate) fn answer(language: &str, text: &str, pick: usize) -> &'static str {
    let Some(book) = book(language).or_else(|| BOOKS.first()) else { return "👍" };
    let asked = text.contains(['?', '\u{ff1f}', '\u{61f}', ';']);
    let list = if asked { book.to_question } else { book.to_statement };
    list.get(pick % list.len().max(1)).copied().unwrap_or("👍")
}

/// What a person writes without being asked.
pub(crate) fn opening(language: &str, pick: usize) -> &'static str {
    let Some(book) = book(language).or_else(|| BOOKS.first()) else { return "👋" };
    book.openings.get(pick % book.openings.len().max(1)).copied().unwrap_or("👋")
}
