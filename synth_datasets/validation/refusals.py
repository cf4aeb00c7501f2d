"""Whether a text is a model's refusal; a reviewer who "can't recommend it" does not refuse."""

# ruff: noqa: E501, RUF001 - patterns are read as whole lines, and hold the quotes and commas of many scripts

import re

__all__ = ["find_refusal", "is_refusal"]

_REACH = 4000
"""Characters from the beginning that are looked at: models refuse early."""

_CANNOT = (
    r"(?:i|we)(?: am|'m| are|'re)? ?(?:(?:really |simply |just )?(?:can ?not|can't|could not|couldn't|(?:won't|will not)(?: be able to)?)"
    r"|(?:not able|unable|not allowed|not permitted|not programmed|not comfortable|not going) ?(?:to|with)?"
    r"|(?:must|have to|need to)(?: respectfully| politely)? decline(?: to)?|do not feel comfortable|don't feel comfortable)"
)
# What only somebody who was asked for a text declines to do.
_SERVE = (
    r"(?:fulfil+|comply|assist|accommodate|satisfy|grant|(?:help|provide) (?:you |with )"
    r"|engage in|respond to (?:that|this|your)|answer (?:that|this|your)|discuss (?:that|this|such)"
    r"|do (?:that|this) for you"
    r"|(?:generate|create|write|produce|provide|compose|complete|continue|share|offer)(?: you)?(?: with)?"
    r" (?:an? |any |the |that |this |such |your |[a-z]+ing )?(?:[a-z'-]+ ){0,4}?"
    r"(?:reviews?|content|texts?|requests?|respon[cs]es?|stor(?:y|ies)|e-?mails?|messages?|information|material"
    r"|conversations?|dialogues?|tasks?|prompts?|examples?|language|statements?)(?! (?:\w+ )?enough))\b"
)
# After an apology a word for it is enough.
_BARE = r"(?:do|write|create|generate|provide|produce|continue with|help with) (?:that|this)\b(?! \w)"
_SORRY = (
    r"(?:i am|i'm|we are|we're)(?: \w+)? sorry|(?:my |our |sincere |my sincere )?apologies|i apologi[sz]e|sorry"
    r"|unfortunately|regrettably|i'm afraid|i am afraid"
)
_MACHINE = (
    r"(?:as|since i am|since i'm|i am|i'm|being)(?: just| only| merely| simply)? an? "
    r"(?:responsible |helpful |large |virtual |text-based )*"
    r"(?:ai\b(?! (?:engineer|researcher|student|developer|enthusiast|expert|company))|artificial intelligence\b"
    r"|language model|llm\b|chatbot|(?:virtual|digital|ai) assistant)"
)
_START = r"(?:\A|(?<=[.!?\n]))\s*[\"'*(]*"
# Seven more languages: what is declined is what only somebody who was asked for a text declines, as in English.
_SORRY_DE = r"(?:es )?tut mir (?:sehr )?leid|entschuldigung|entschuldige|leider|bedauerlicherweise|ich entschuldige mich"
_CANNOT_DE = (
    r"(?=[^.!?\n]{0,80}\b(?:nicht|kein|keinen?|keine[rsm])\b)"
    r"(?:(?:leider|ihnen|dir|hier|dabei|damit|hierbei|das|dazu|diesen?|diese[rsm]?|bei|solchen?|solche[rsm]?|keinen?|keine[rsm]?"
    r"|gefälschten?|nicht|ich|text|texte|anfrage|anfragen|aufgabe|inhalt|inhalte|bewertung|bewertungen|rezension|rezensionen"
    r"|bitte|wunsch|weiter) ){0,7}"
    r"(?:helfen|behilflich sein|weiterhelfen|unterstützen|(?:zu )?(?:erstellen|schreiben|verfassen|generieren|erfüllen|bearbeiten"
    r"|beantworten|nachkommen))(?=[.!\n]|, (?!d\w+ (?:lang|ausführlich))|\Z)"
)
_BEGIN = r"(?:\A|(?<=[.!?\n。！？।]))\s*[\"'“「(]*"
_MACHINE_ZH = r"(?:作为|我(?:只)?是)(?:一个|一款|一名)?(?:大型)?(?:AI(?!工程师|研究员|从业者|爱好者|专业|音箱|产品)|人工智能(?!工程师|研究员|从业者|爱好者|专业)|语言模型)"
_CANNOT_ZH = (
    r"(?:无法|不能|没有?办法|没法|不便)(?:为|帮|给|向|替)?(?:您|你)?(?:"
    r"(?:提供|给予)(?:任何|这样的|这方面的|这类|此类|该|相关|您|你)*(?:帮助|协助|支持|服务|内容|信息|评论|评价|文本|回答|答案)"
    r"|满足|协助(?:您|你|处理|完成|该|此|这)|回答(?:这|该|此|您|你|相关)|处理(?:这个|该|此|您的|你的)(?:请求|问题)|帮(?:您|你|助您|助你)|帮助(?:您|你)"
    r"|(?:生成|创建|创作|编造|撰写|编写|写|完成|继续)(?:出)?(?:这个|这样的|这种|这类|此类|该|任何|虚假|您|你|一[条篇个])"
    r"|(?:执行|完成|响应)(?:这个|该|此|您的|你的)(?:请求|任务|要求))"
)
_MACHINE_JA = r"(?:私は)?(?:AI|人工知能|(?:大規模)?言語モデル)(?:言語モデル|アシスタント|モデル)?(?:として(?!売)|なので|ですので|である(?:ため|私))"
_CANNOT_JA = (
    r"(?:お手伝い|お答え|お応え|対応|回答|ご?協力|ご?提供|生成|作成|お書き|執筆)(?:する(?:こと)?)?(?:は|が)?"
    r"(?:でき(?:ません|かねます|ない)|いたしかねます|しかねます|いたしません)(?!でした)"
    r"|(?:書く|答える|応じる|手伝う|提供する|作る|作成する|生成する)こと(?:は|が)でき(?:ません|かねます|ない)|お書きできません|ご希望に沿うこと[はが]でき|お力になれ"
)
_SORRY_AR = r"(?:أنا |إنني |إني )?(?:عذر[اًا]{1,2}|آسفة?|متأسفة?|أعتذر|نعتذر|معذرة|للأسف|يؤسفني)(?: منك| لك)?[،,.]? ?(?:و?لكن(?:ني|ي)? |أنا |أني |أنني )?"
_CANNOT_AR = (
    r"(?:(?:لا|لن) (?:أستطيع|يمكنني|يمكننا|نستطيع|أقدر(?: على)?)|لست قادر[اة]ً? على|غير قادر[ة]? على) (?:أن )?(?:تقديم )?"
    r"(?:(?:ال)?مساعد\w*|أساعد\w*|القيام بذلك|تلبية|(?:ال)?إجابة (?:على|عن)|تنفيذ|(?:كتابة|إنشاء|توليد|إنتاج|تأليف) (?:هذا|هذه|مثل|ذلك|مراجع|محتوى|المحتوى))"
)
_MACHINE_AR = r"(?:كنموذج|كذكاء اصطناعي|بصفتي (?:نموذج|مساعد|ذكاء)|باعتباري (?:نموذج|مساعد|ذكاء)|أنا (?:مجرد )?(?:نموذج|ذكاء اصطناعي|مساعد (?:ذكي|افتراضي|رقمي)))"
_SORRY_HI = r"(?:(?:मुझे )?(?:क्षमा|माफ़|माफ|खेद|अफ़सोस|दुर्भाग्य)\w*[^,।.\n]{0,12}[,।] ?(?:लेकिन |पर |परंतु )?)"
_CANNOT_HI = (
    r"(?:(?:मदद|सहायता) (?:नहीं कर सक|करने में असमर्थ)"
    r"|(?:अनुरोध|सामग्री|समीक्षा|टेक्स्ट)\S* (?:को )?(?:पूरा )?(?:नहीं (?:कर|लिख|बना) सक|करने में असमर्थ)"
    r"|(?:यह|ऐसा|इसका|इस प्रश्न का) (?:उत्तर |जवाब )?नहीं (?:लिख|दे) सक|यह नहीं कर सक(?=\S+[।.]|\Z))"
)
_MACHINE_HI = r"(?:(?:मैं )?(?:एक |केवल |सिर्फ )*(?:एआई|AI|कृत्रिम बुद्धि\S*|भाषा मॉडल)(?! इंजीनियर)(?: भाषा)?(?: मॉडल| सहायक)?(?: के रूप में| के नाते| हूँ| हूं))"
_SORRY_TH = r"(?:(?:ต้อง)?(?:ขออภัย|ขอโทษ|เสียใจ)(?:ด้วย)?(?:ค่ะ|ครับ|นะคะ|นะครับ)?[, ]*(?:แต่)?)"
_CANNOT_TH = (
    r"(?:(?:ฉัน|ผม|ดิฉัน|เรา)?ไม่สามารถ(?:ให้ความ)?(?:ช่วย|ตอบคำ|ให้ข้อมูลนี้|(?:เขียน|สร้าง|แต่ง)(?:ข้อความ|เนื้อหา|รีวิว|บทความ|คำ)|ดำเนินการตามคำขอ|ทำตามคำขอ)"
    r"|(?:ฉัน|ผม|ดิฉัน)(?:ช่วย|ตอบ|เขียน)(?:เรื่อง|คำถาม|ข้อความ)นี้(?:ให้)?ไม่ได้)"
)
_MACHINE_TH = r"(?:ในฐานะ(?:ที่เป็น)? ?(?:โมเดล|แบบจำลอง|AI|ปัญญาประดิษฐ์|ผู้ช่วย)|(?:ฉัน|ผม|ดิฉัน)(?:เป็น|คือ)(?:เพียง)? ?(?:AI|เอไอ|ปัญญาประดิษฐ์|โมเดลภาษา|แบบจำลองภาษา))"
_PATTERNS = (
    _START + rf"{_MACHINE}",
    _START + rf"(?:{_SORRY})[,.:;!]? (?:but |that )?(?:as an? [\w -]{{1,30}},? )?{_CANNOT} (?:{_SERVE}|{_BARE})",
    _START + rf"{_CANNOT} {_SERVE}",
    _START + r"i (?:don't|do not) have (?:any )?personal (?:opinions|experiences?|feelings|beliefs|preferences)",
    _START + r"(?:that|this|your) request (?:goes against|violates|is against)",
    _START + r"it (?:is|would be) (?:not appropriate|inappropriate|unethical|against my) [\w ]{0,30}(?:generate|create|write|programming|guidelines)",
    _START + r"(?:lo siento|lamento)[, ]+(?:pero )?(?:como|no puedo (?:ayudar|cumplir|proporcionar|generar|crear|escribir|asistir))",
    _START + rf"(?:{_SORRY_DE}) ?[,.:;!]? ?(?:aber |doch |dass )?(?:als ki|(?:ich kann|(?:\w+ ){{1,3}}kann ich) {_CANNOT_DE})",
    _START + r"(?=(?:leider ist es mir nicht möglich|ich bin (?:leider )?nicht in der lage), )(?:[\w ]+), (?:\w+ ){1,6}zu (?:erfüllen|bearbeiten|beantworten|helfen|erstellen|schreiben|verfassen)",
    _START + rf"(?:ich kann|dabei kann ich|leider kann ich) {_CANNOT_DE}",
    _START + r"(?:als|ich bin (?:nur |leider nur )?eine?) (?:ki\b(?!-(?:entwickl|forsch|ingenieur|expert|berat|fan|student))|künstliche intelligenz|(?:großes )?sprachmodell|virtueller assistent)",
    _START + r"(?:je suis désolée?|désolée?)[, ]+(?:mais )?(?:en tant qu|je ne (?:peux|suis) (?:pas )?(?:en mesure de )?(?:vous aider|fournir|répondre|générer|créer|écrire))",
    _BEGIN + rf"(?:非常|很|十分)?(?:抱歉|对不起|不好意思|很遗憾)[,，。!！ ]{{0,2}}(?:但是?|不过)?[,，]?(?:{_MACHINE_ZH}|(?:这个|该|您的|你的)?(?:请求|要求|问题)?我?(?:恐怕|实在)?(?:{_CANNOT_ZH}|无法完成[。!！.]))",
    _BEGIN + rf"(?:{_MACHINE_ZH}|我(?:恐怕)?{_CANNOT_ZH})",
    _BEGIN + rf"(?:大変)?(?:申し訳(?:あり|ござい)ません|すみません|ごめんなさい|恐れ入ります|残念です)(?:が|けど|けれども?)?[、,。]?[^。\n]{{0,24}}?{_CANNOT_JA}",
    _BEGIN + rf"(?:{_MACHINE_JA}|(?:その|この|そのような|このような|ご)ご?(?:リクエスト|ご?要望|質問|依頼|内容|コンテンツ)[^。\n]{{0,16}}?{_CANNOT_JA})",
    _START + rf"(?:{_MACHINE_AR}|(?:{_SORRY_AR})?{_CANNOT_AR})",
    _BEGIN + rf"(?:{_MACHINE_HI}|(?:{_SORRY_HI})?मैं [^।.\n]{{0,40}}?{_CANNOT_HI})",
    _START + rf"(?:{_MACHINE_TH}|(?:{_SORRY_TH})?{_CANNOT_TH})",
)  # fmt: skip
_REFUSAL = re.compile("|".join(_PATTERNS), re.IGNORECASE)
_ALONE = (
    "unable|decline|an ai|artificial|llm|chatbot|assistant|request|appropriate|unethical|personal",
    "leid|entschuldig|leider|bedauer|ich kann|kann ich|nicht möglich|in der lage|als ki|eine ki|ein ki|künstliche",
    "sprachmodell|virtueller|désol",
    "抱歉|对不起|不好意思|很遗憾|人工智能|语言模型|作为ai|是ai|个ai|我无法|我不|我没|我恐怕",
    "申し訳|すみません|ごめんなさい|恐れ入り|残念です|として|なので|ですので|である|リクエスト|要望|質問|依頼|内容|コンテンツ",
    "أستطيع|يمكنن|نستطيع|أقدر|قادر|كنموذج|بصفتي|باعتباري|نموذج|ذكاء|مساعد",
    "मदद|सहायता|असमर्थ|सकत|एआई|बुद्धि|भाषा|मैं ai|एक ai",
    "ไม่สามารถ|ไม่ได้|ในฐานะ|เป็น|คือ",
)
# A quick look: without one of these no pattern can match. Each is looked for only where the piece before it is there.
_HINTS = {
    "not": (
        *("cannot", "can not", "could not", "will not", "not able", "not allowed", "not permitted"),
        *("not programmed", "not comfortable", "not going"),
    ),
    "n't": ("can't", "couldn't", "won't"),
    "ento": ("siento", "lamento"),
    "comfortable": ("feel comfortable",),
    "language": ("language model",),
    "helpful": ("a helpful",),
    "responsible": ("a responsible",),
    "against": ("against my",),
    **{hint: (hint,) for line in _ALONE for hint in line.split("|")},
}
# A quicker one, for folded ASCII: how a sentence begins in all the patterns.
_FIRST_WORDS = (
    r"(?:as (?:just |only |merely |simply )?an? |since i|being |(?:my |our )?(?:sincere )?apolog|sorry|unfortunately|regrettably"
    r"|(?:i|we)(?:'| ?(?:am|are|really|simply|just|can|could|w[io]|not|unable|must|have|need|do|apolog))"
    r"|(?:that|this|your) request|it (?:is|would be) (?:not app|inapp|uneth|against)"
    r"|lo s|lament|es tut|tut mir|entsch|leider|bedauer|ich (?:kann|bin|ent)|(?:dabei|das|hier) kann|als (?:k|spra|gro|vir)|je s)"
)
_AT_START = re.compile(rf"\s*[\"'*(]*{_FIRST_WORDS}")
# Folds ASCII, and makes all ends of sentences alike.
_SENTENCES = bytes.maketrans(b"!?\nABCDEFGHIJKLMNOPQRSTUVWXYZ", b"...abcdefghijklmnopqrstuvwxyz")


def is_refusal(text: str) -> bool:
    """Whether the text begins with a refusal or holds one as a sentence; see `find_refusal`."""
    return bool(find_refusal(text))


def find_refusal(text: str) -> str:
    """Return the words that refuse, at the beginning or as a sentence of the first 4,000 characters; else ''.

    Knows what instruction-tuned models say in English, German, Chinese, Japanese, Arabic, Hindi and Thai, and the set
    phrases of Spanish and French. It asks for an apology or an inability *and* a service that is declined, so real
    reviews stay what they are.
    """
    start = text[:_REACH].replace("’", "'")
    if not _hinted(start):
        return ""
    found = _REFUSAL.search(start)
    return found.group().strip() if found else ""


def _hinted(start: str) -> bool:
    """Whether one of the patterns may match."""
    if start.isascii():
        sentences = start.encode("ascii").translate(_SENTENCES).decode("ascii").split(".")
        if not any(map(_AT_START.match, sentences)):
            return False
    folded = start.casefold()
    return any(piece in folded and any(hint in folded for hint in hints) for piece, hints in _HINTS.items())
