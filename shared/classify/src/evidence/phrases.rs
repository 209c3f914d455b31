//! The words by which a report is known, in the languages reports are written in. All found in one pass.

use std::borrow::Cow;

use super::Codes;
use super::speaker::Speakers;
use crate::phrases::PhraseSet;

/// What a phrase tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tells {
    /// From here on it is the returned message.
    Returned,
    /// A delivery failed.
    Failure,
    /// A delivery is late and goes on.
    Delay,
    /// A delivery succeeded.
    Success,
    /// What follows are the words of the server that refused.
    Quotes,
}

/// Lines after which the returned message follows.
const RETURNED: &[&str] = &[
    "below this line is a copy of",
    "this is a copy of the message",
    "this is a copy of your message",
    "this is a copy of the headers",
    "copy of the original message",
    "copy of your message follows",
    "the header of the original message",
    "the headers of the original message",
    "headers of the original message follow",
    "original message headers",
    "original message header",
    "original message follows",
    "original message text follows",
    "the original message was included",
    "original message is included",
    "the original message is attached",
    "text of the original message",
    "text of message",
    "----- original message -----",
    "-----original message-----",
    "------ original message",
    "--- original message",
    "message header follows",
    "message headers follow",
    "message headers:",
    "headers follow",
    "unsent message follows",
    "unsent message below",
    "returned message follows",
    "returned text follows",
    "returned message is attached",
    "message text follows",
    "message contents follow",
    "start of original message",
    "begin original message",
    "begin message header",
    "start of message header",
    "undelivered message follows",
    "first 20 lines of the original message",
    "the message header follows",
    "received header of the message",
    "headers of message follow",
    "your message header",
    "your original message follows",
    "kopie der nachricht",
    "kopfzeilen der ursprünglichen nachricht",
    "ursprüngliche nachricht folgt",
    "der header der originalnachricht",
    "en-têtes du message",
    "copie du message",
    "encabezados del mensaje original",
    "cabeçalhos da mensagem original",
    "intestazioni del messaggio originale",
    "заголовки исходного сообщения",
    "текст исходного сообщения",
    "原邮件头",
    "原始邮件头",
    "元のメッセージ",
];

/// Sentences that say that a delivery failed. Each stands for a failure wherever it is read.
const FAILURE: &[&str] = &[
    "could not be delivered",
    "couldn't be delivered",
    "could not deliver",
    "couldn't deliver",
    "cannot be delivered",
    "can not be delivered",
    "can't be delivered",
    "can't deliver",
    "cannot deliver",
    "unable to deliver",
    "able to deliver your message",
    "not able to deliver",
    "was not delivered",
    "wasn't delivered",
    "were not delivered",
    "has not been delivered",
    "not been delivered",
    "not be delivered",
    "not deliverable",
    "undeliverable",
    "undelivered",
    "undeliver",
    "non-delivery",
    "non delivery",
    "nondeliverable",
    "delivery has failed",
    "delivery failed",
    "delivery to the following",
    "delevery to the following",
    "failed permanently",
    "delivery failure",
    "delivery error",
    "delivery status notification",
    "error was encountered",
    "error delivering",
    "error sending your mail",
    "error occurred while trying to deliver",
    "error while sending",
    "failed to deliver",
    "failed delivery",
    "did not reach",
    "didn't reach",
    "could not be reached",
    "couldn't be reached",
    "could not be sent",
    "couldn't be sent",
    "was not sent",
    "could not send",
    "unable to send",
    "failure notice",
    "returned mail",
    "returned to sender",
    "returning message to sender",
    "returning your",
    "mail returned",
    "is being returned",
    "being returned to",
    "has been returned",
    "was returned",
    "returned undeliver",
    "permanent fatal error",
    "permanent error",
    "permanent failure",
    "permanent deliver",
    "fatal errors",
    "transient non-fatal error",
    "had delivery problems",
    "delivery problem",
    "delivery errors",
    "trouble delivering",
    "problem delivering",
    "problems delivering",
    "was rejected",
    "has been rejected",
    "were rejected",
    "rejected recipient",
    "rejected your message",
    "not accepted",
    "message not delivered",
    "mail not delivered",
    "address rejected",
    "user unknown",
    "unknown user",
    "no such user",
    "unknown recipient",
    "recipient unknown",
    "unknown address",
    "invalid recipient",
    "no valid recipients",
    "recipient not found",
    "does not exist",
    "doesn't exist",
    "mailbox unavailable",
    "mailbox not found",
    "mailbox is full",
    "mailbox full",
    "over quota",
    "quota exceeded",
    "account is full",
    "account has been disabled",
    "account is disabled",
    "account that you tried to reach",
    "not listed in",
    "not recognized",
    "host unknown",
    "host not found",
    "unrouteable address",
    "unroutable address",
    "has been blocked",
    "bounced",
    "remote host said",
    "transcript of session",
    "technical details of permanent failure",
    "technical details of temporary failure",
    "mail system error",
    "smtp error",
    "message could not be",
    "message blocked",
    "incorrectly constructed",
    "malformed address",
    "duplicated message-id in",
    "mail delivery",
    "may have been a problem",
    "may not have been delivered",
    // German
    "konnte nicht zugestellt",
    "konnte nicht zugeste",
    "nicht zugestellt werden",
    "nicht zugestellt",
    "unzustellbar",
    "nicht zustellbar",
    "zustellung fehlgeschlagen",
    "konnte nicht ausgeliefert",
    "nicht ausgeliefert",
    "unbekannter empfänger",
    "empfänger unbekannt",
    "fehler bei der zustellung",
    // French
    "n'a pas pu être",
    "n'a pas été remis",
    "n'a pu être",
    "n’a pas pu être",
    "n’a pas été remis",
    "échec de la remise",
    "echec de la remise",
    "échec de remise",
    "non remis",
    "non remise",
    "non distribu",
    "non délivr",
    "non delivr",
    "n'ont pas pu être",
    "utilisateur inconnu",
    "destinataire inconnu",
    // Spanish
    "no se pudo entregar",
    "no se ha podido entregar",
    "no pudo ser entregado",
    "no ha podido ser entregado",
    "no se entregó",
    "no entregado",
    "no se puede entregar",
    "error de entrega",
    "error en la entrega",
    "fallo en la entrega",
    "usuario desconocido",
    // Portuguese
    "não pôde ser entregue",
    "não foi entregue",
    "não foi possível entregar",
    "não pode ser entregue",
    "não entregue",
    "não é possível entregar",
    "não pôde ser enviada",
    "falha na entrega",
    "falha de entrega",
    "usuário desconhecido",
    // Italian
    "non è stato possibile recapitare",
    "non è stato recapitato",
    "non può essere recapitato",
    "impossibile recapitare",
    "mancato recapito",
    "mancata consegna",
    "non recapitabile",
    "non è stato consegnato",
    "impossibile consegnare",
    "non è possibile recapitare",
    "recapito non riuscito",
    // Dutch
    "kon niet worden afgeleverd",
    "niet worden bezorgd",
    "kan niet worden bezorgd",
    "niet bezorgd",
    "niet afgeleverd",
    "onbestelbaar",
    "kan niet worden afgeleverd",
    "kon niet worden bezorgd",
    // Scandinavian, Finnish
    "kunde inte levereras",
    "kunde inte leverera",
    "gick inte att leverera",
    "kunne ikke leveres",
    "ikke leveret",
    "ikke levert",
    "leverans misslyckades",
    "olevererbar",
    "kan inte levereras",
    "kan ikke leveres",
    "kunne ikke blive leveret",
    "ei toimitettavissa",
    "toimittaminen epäonnistui",
    "ei voida toimittaa",
    "ei voitu toimittaa",
    "toimitus epäonnistui",
    // Polish, Czech, Hungarian, Romanian, Turkish, Greek
    "nie została dostarczona",
    "nie można dostarczyć",
    "nie mogła zostać dostarczona",
    "nie mogła być dostarczona",
    "niedostarczalne",
    "nie dostarczono",
    "nebylo možné doručit",
    "nelze doručit",
    "nebyla doručena",
    "nedoručitelné",
    "nedoručiteln",
    "se nepodařilo doručit",
    "nem kézbesíthető",
    "nem lehetett kézbesíteni",
    "nem kézbesített",
    "nem sikerült kézbesíteni",
    "kézbesíthetetlen",
    "nu a putut fi livrat",
    "nu poate fi livrat",
    "imposibil de livrat",
    "iletilemedi",
    "teslim edilemedi",
    "teslim edilemez",
    "teslim edilememiş",
    "ulaştırılamadı",
    "δεν ήταν δυνατή η παράδοση",
    "δεν παραδόθηκε",
    "δεν είναι δυνατή η παράδοση",
    "αδύνατη η παράδοση",
    // Russian, Ukrainian
    "не может быть доставлено",
    "не было доставлено",
    "не доставлено",
    "не удалось доставить",
    "не удается доставить",
    "не удаётся доставить",
    "не может быть отправлено",
    "невозможно доставить",
    "недоставленное",
    "недоставлен",
    "ошибка доставки",
    "пользователь не найден",
    "не вдалося доставити",
    "не було доставлено",
    // Arabic, Hebrew, Vietnamese, Indonesian, Catalan
    "تعذر تسليم",
    "تعذر التسليم",
    "يتعذر التسليم",
    "לא ניתן למסור",
    "לא נמסרה",
    "không gửi được",
    "không thể gửi",
    "tidak terkirim",
    "tidak dapat dikirim",
    "no s'ha pogut lliurar",
    "no es pot lliurar",
    // Japanese
    "配信できません",
    "配信できなかった",
    "配信に失敗",
    "配送できません",
    "配送できなかった",
    "送信できません",
    "送信できなかった",
    "届けできません",
    "届けることができません",
    "届きませんでした",
    "お届けできません",
    "不達",
    "配信不能",
    "配達できません",
    "配達できなかった",
    "宛先不明",
    "エラーメール",
    "返送",
    // Chinese
    "无法投递",
    "无法送达",
    "无法发送",
    "投递失败",
    "发送失败",
    "退信",
    "被退回",
    "未能送达",
    "未送达",
    "未传递",
    "传递失败",
    "無法傳送",
    "無法遞送",
    "無法投遞",
    "傳遞失敗",
    "退件",
    "無法傳遞",
    "未傳遞",
    // Korean
    "전송되지 못",
    "전달되지 못",
    "전달할 수 없",
    "배달할 수 없",
    "발송 실패",
    "전송 실패",
    "반송",
    "배달되지 않",
    "전달되지 않",
    "배달 실패",
];

/// Sentences that say it is late and goes on.
const DELAY: &[&str] = &[
    "this is a warning message only",
    "this is a warning only",
    "warning message only",
    "you do not need to resend",
    "do not need to resend your",
    "no action is required on your part",
    "still being retried",
    "will be retried until",
    "will continue to try",
    "will continue trying",
    "will keep trying",
    "will try to deliver",
    "will retry for",
    "delivery attempts will continue",
    "attempts will continue",
    "we will continue to attempt",
    "message delayed",
    "delayed mail",
    "delivery delayed",
    "has been delayed",
    "message is delayed for",
    "only a temporary failure report",
    "is delayed",
    "delivery of your message has been delayed",
    "not yet been delivered",
    "could not be delivered yet",
    "delivery status notification (delay)",
    "delivery is delayed",
    "delivery incomplete",
    "verzögert",
    "weiterhin versucht",
    "a été retardé",
    "se ha retrasado",
    "foi adiada",
    "è in ritardo",
    "zal opnieuw worden geprobeerd",
    "配信が遅延",
    "доставка отложена",
    "задержана",
];

/// Sentences that say it arrived.
const SUCCESS: &[&str] = &[
    "successfully delivered",
    "was successfully delivered",
    "has been delivered to the following",
    "delivered to the following recipients",
    "relayed to the following",
    "your message was delivered",
    "delivery status notification (success)",
    "delivery notification: delivery has been successful",
    "erfolgreich zugestellt",
];

/// After which another server is quoted.
const QUOTES: &[&str] = &[
    " said: ",
    "host said:",
    "server said:",
    "server returned was:",
    "server responded:",
    "responded with:",
    "server response was:",
    "the response was:",
    "response from the remote server was:",
    "remote server returned",
    "server returned",
    "responded as follows:",
    "(reason: ",
    "reason: 5",
    "reason: 4",
    "error message:",
    "refused to talk to me: ",
    "did not like our",
    "diagnostic-code:",
    "diagnostic code:",
];

/// Where whoever wrote the report goes on after a quotation.
const AFTER_QUOTATION: &[&str] = &["I'm not going to try again", "Giving up on "];

/// All of them, ready to be found.
#[derive(Debug)]
pub(crate) struct Phrases {
    set: PhraseSet,
    tells: Vec<Tells>,
    speakers: Speakers,
}

/// One phrase found in a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) tells: Tells,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Phrases {
    pub(crate) fn new() -> Self {
        let lists = [
            (Tells::Returned, RETURNED),
            (Tells::Failure, FAILURE),
            (Tells::Delay, DELAY),
            (Tells::Success, SUCCESS),
            (Tells::Quotes, QUOTES),
        ];
        let phrases = || {
            lists
                .iter()
                .flat_map(|(tells, list)| list.iter().map(move |phrase| (*tells, *phrase)))
        };
        let capitalised = || phrases().filter_map(|(tells, phrase)| Some((tells, capitalised(phrase)?)));
        let tells = phrases().map(|(tells, _)| tells);
        let tells = tells.chain(capitalised().map(|(tells, _)| tells)).collect();
        let set = phrases().map(|(_, phrase)| Cow::Borrowed(phrase));
        let set = PhraseSet::new(set.chain(capitalised().map(|(_, phrase)| Cow::Owned(phrase))));
        Self {
            set,
            tells,
            speakers: Speakers::new(),
        }
    }

    /// Every phrase in `text`, in the order of their beginnings.
    pub(crate) fn find<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Found> + 't {
        self.set.find(text).filter_map(|found| {
            let tells = *self.tells.get(found.index)?;
            Some(Found {
                tells,
                start: found.start,
                end: found.end,
            })
        })
    }

    /// The SMTP command that was refused and the host that refused it, as far as `words` tell.
    pub(crate) fn speaker(&self, words: &str) -> (Option<&'static str>, Option<String>) {
        self.speakers.find(words)
    }

    /// The quoted server's own words in `words`, without the introduction of whoever wrote the report.
    pub(crate) fn quoted<'w>(&self, words: &'w str) -> &'w str {
        if let Some(last) = last_answer(words) {
            return last;
        }
        let quoted = self
            .find(words)
            .filter(|found| found.tells == Tells::Quotes)
            .find_map(|found| {
                let rest = words.get(found.end..)?;
                // `reason: 5` is half of its quotation.
                let rest = if rest.starts_with(|c: char| c.is_ascii_digit())
                    && words.get(..found.end)?.ends_with(|c: char| c.is_ascii_digit())
                {
                    words.get(found.end - 1..)?
                } else {
                    rest
                };
                let end = AFTER_QUOTATION.iter().filter_map(|lead| rest.find(lead)).min();
                let rest = rest.get(..end.unwrap_or(rest.len()))?;
                (Codes::find(rest) != Codes::default()).then_some(rest)
            });
        quoted.unwrap_or(words).trim_matches([' ', '\'', '"', ':'])
    }
}

/// The phrase as it begins a sentence, where its first letter is one whose case is not looked past when phrases are
/// compared.
fn capitalised(phrase: &str) -> Option<String> {
    let first = phrase.chars().next().filter(|first| !first.is_ascii())?;
    let upper: String = first.to_uppercase().collect();
    let rest = phrase.get(first.len_utf8()..)?;
    (!upper.starts_with(first)).then(|| upper + rest)
}

/// `554 4.4.7 Message expired.<421 4.4.2 Connection timed out>`: what the other server said last, in brackets behind what
/// the reporting one made of it.
fn last_answer(words: &str) -> Option<&str> {
    let (before, last) = words.strip_suffix('>')?.rsplit_once('<')?;
    let begins = Codes::find(last.get(..10)?);
    let answered = begins.reply.is_some() && begins.status.is_some() && last.starts_with(['4', '5']);
    (answered && Codes::find(before).reply.is_some()).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answer_in_brackets_is_the_quotation() {
        let phrases = Phrases::new();
        for (words, quoted) in [
            (
                "554 4.4.7 Expired: tried for a day.<421 4.4.2 Timed out>",
                "421 4.4.2 Timed out",
            ),
            (
                "550 5.1.1 no such user <ann@example.com>",
                "550 5.1.1 no such user <ann@example.com>",
            ),
            ("host mx.example.com said: 550 5.1.1 no", "550 5.1.1 no"),
        ] {
            assert_eq!(phrases.quoted(words), quoted, "{words}");
        }
    }

    #[test]
    fn phrases_begin_sentences_in_every_script() {
        let phrases = Phrases::new();
        for text in [
            "Не удалось доставить письмо",
            "Échec de la remise",
            "Undeliverable: x",
            "Δεν παραδόθηκε",
        ] {
            assert!(phrases.find(text).any(|found| found.tells == Tells::Failure), "{text}");
        }
    }

    #[test]
    fn phrases_are_in_lower_case() {
        for phrase in [RETURNED, FAILURE, DELAY, SUCCESS, QUOTES].into_iter().flatten() {
            assert_eq!(**phrase, phrase.to_lowercase());
            assert!(phrase.len() >= 4, "{phrase}");
        }
    }
}
