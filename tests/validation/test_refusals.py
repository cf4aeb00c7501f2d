# ruff: noqa: RUF001 - quotes and commas of many scripts

import pytest

from synth_datasets.validation.refusals import find_refusal, is_refusal


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I cannot have opinions.",
        "I'm sorry, but I can't assist with that request.",
        "I’m sorry, but I can’t write a negative review.",
        "I'm sorry, I can't do that.",
        "I'm sorry, but I'm not able to write that.",
        "I cannot fulfil your request.",
        "I can't help with that.",
        "Sorry, I can't help you with that.",
        "I am unable to generate reviews of that kind.",
        "I won't be able to help with that request.",
        "Unfortunately, I cannot create content that disparages a product.",
        "I apologize, but I cannot provide a review.",
        "I'm just an AI, I don't use products.",
        "I must decline to write this review.",
        "I don't have personal opinions or experiences, but here is one.",
        "I love this phone. I'm sorry, but I cannot continue with this request.",
        "Lo siento, pero no puedo ayudar con eso.",
        "Es tut mir leid, aber ich kann dabei nicht helfen.",
        "Je suis désolé, mais je ne peux pas vous aider avec cela.",
        "抱歉，我无法提供这样的评论。",
        "申し訳ありませんが、そのリクエストにはお答えできません。",
    ],
)
def test_refusals_are_found(text):
    assert is_refusal(text)
    assert find_refusal(text).casefold() in text.replace("’", "'").casefold()


@pytest.mark.parametrize(
    "text",
    [
        "I can't recommend it.",
        "I'm sorry, but I can't recommend this phone.",
        "Sorry I bought it.",
        "I can't help but love this camera.",
        "I cannot write a review long enough to say how bad it is.",
        "I can't provide enough stars.",
        "I am unable to access the menu.",
        "Unfortunately, I cannot use it with my Mac.",
        "I can't create playlists with it.",
        "As an amateur photographer I love it.",
        "I am an AI engineer and this card is great.",
        "The assistant said it cannot be returned.",
        "",
    ],
)
def test_reviewers_may_be_sorry(text):
    assert not is_refusal(text)


def test_no_real_review_is_taken_for_a_refusal(reviews):
    assert [text for text in reviews if is_refusal(text)] == []


def test_a_refusal_beyond_the_beginning_of_a_long_text_is_part_of_it():
    assert not is_refusal("Good. " * 1000 + "I cannot fulfil your request.")


@pytest.mark.parametrize(
    "text",
    [
        "Es tut mir leid, aber ich kann keine Inhalte erstellen, die irreführend sind.",
        "Entschuldigung, das kann ich nicht schreiben.",
        "Als Sprachmodell kann ich keine Produkte testen.",
        "Ich kann keine gefälschten Rezensionen schreiben.",
        "Leider kann ich dir dabei nicht weiterhelfen.",
        "Ich bin nicht in der Lage, diese Anfrage zu erfüllen.",
        "Es tut mir leid, doch diesen Wunsch kann ich nicht erfüllen.",
        "Dabei kann ich Ihnen nicht helfen.",
        "抱歉，我不能帮助您完成此操作。",
        "很抱歉，我无法为您提供这方面的内容。",
        "对不起，这个请求我无法完成。",
        "作为一个AI语言模型，我无法体验产品。",
        "我是一个人工智能助手，不能写虚假评论。",
        "抱歉，我没有办法满足您的要求。",
        "对不起，我无法协助处理这类请求。",
        "我不能提供这类内容。",
        "申し訳ございませんが、そのような内容はお答えできません。",
        "すみません、そのお手伝いはできません。",
        "AI言語モデルとして、製品を使用した経験はありません。",
        "そのご依頼にはお応えできかねます。",
        "申し訳ありませんが、レビューを作成することはできません。",
        "申し訳ありませんが、ご希望に沿うことができません。",
        "そのリクエストには対応できません。",
        "申し訳ございません。お力になれません。",
        "عذرًا، لا أستطيع كتابة مراجعة مزيفة.",
        "أعتذر، لا أستطيع تلبية طلبك.",
        "أنا مجرد نموذج لغوي ولا أملك رأيا.",
        "لا أستطيع مساعدتك في ذلك.",
        "للأسف، لا يمكنني إنشاء محتوى من هذا النوع.",
        "كذكاء اصطناعي، لا أملك تجارب.",
        "آسف، لكني لا أستطيع القيام بذلك.",
        "لا يمكنني المساعدة في هذا الطلب.",
        "मुझे खेद है, मैं इस अनुरोध को पूरा नहीं कर सकता हूँ।",
        "क्षमा करें, मैं इसमें आपकी मदद नहीं कर सकता।",
        "मैं केवल एक एआई सहायक हूँ।",
        "माफ़ कीजिए, मैं नकली समीक्षा नहीं लिख सकता।",
        "मैं इस विषय में सहायता नहीं कर सकती।",
        "एक AI के रूप में मैं उत्पाद का उपयोग नहीं करता।",
        "मैं यह सामग्री नहीं बना सकता।",
        "क्षमा करें, लेकिन मैं इसका उत्तर नहीं दे सकता।",
        "ขออภัยค่ะ ฉันไม่สามารถทำตามคำขอนี้ได้",
        "ในฐานะ AI ฉันไม่มีความเห็นส่วนตัว",
        "ขอโทษครับ ผมไม่สามารถเขียนรีวิวปลอมได้",
        "ฉันเป็นเพียงโมเดลภาษา จึงไม่เคยใช้สินค้า",
        "ขออภัย ฉันไม่สามารถให้ข้อมูลนี้ได้",
        "ขออภัย ฉันช่วยเรื่องนี้ไม่ได้",
        "ขอโทษค่ะ ไม่สามารถตอบคำถามนี้ได้",
        "ฉันไม่สามารถสร้างเนื้อหาประเภทนี้ได้",
    ],
)
def test_refusals_in_other_languages_are_found(text):
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "Ich kann die Anleitung nicht lesen.",
        "Leider kann ich die App nicht bedienen.",
        "Der Kundendienst kann mir dabei nicht helfen.",
        "Ich bin KI-Entwickler und nutze ihn täglich.",
        "Als KI-Forscher bin ich begeistert.",
        "Leider kann ich nicht mehr Sterne geben.",
        "Ich kann mit diesem Füller nicht schreiben.",
        "Leider kann ich damit keine Rezension schreiben, die lang genug wäre.",
        "我不能写字,因为钢笔漏墨。",
        "我是AI工程师,耳机很好用。",
        "作为人工智能从业者,我很喜欢。",
        "我不能没有它。",
        "客服说抱歉,无法提供帮助,很失望。",
        "我无法完成安装。",
        "我没办法帮孩子装好它。",
        "我不会写代码,但这个很简单。",
        "作为AI音箱,它很聪明。",
        "我不会再买,也不能退。",
        "店員に「申し訳ありませんが対応できません」と言われました。",
        "この質問に店員は回答できませんでした。",
        "この商品は電話での対応ができません。",
        "すみませんが、星一つです。",
        "私はAIエンジニアなので毎日使います。",
        "申し訳ないですが返品しました。",
        "AIとして売られているが賢くない。",
        "لا أستطيع كتابة نص طويل بهذا القلم.",
        "لا أستطيع كتابة أي شيء بهذا القلم.",
        "أنا مهندس ذكاء اصطناعي وأحب هذه السماعات.",
        "لا يمكنني إرجاعها.",
        "قال البائع إنه لا يستطيع مساعدتي.",
        "दुकानदार ने मदद नहीं की।",
        "मैं यह नहीं कह सकता कि यह अच्छा है।",
        "ग्राहक सेवा ने कोई सहायता नहीं दी।",
        "मैं इस सामान को वापस नहीं कर सकता।",
        "मैं एक एआई इंजीनियर हूँ और यह बढ़िया है।",
        "मैं इसे बंद नहीं कर सकता।",
        "ร้านบอกว่า ขออภัย ไม่สามารถช่วยได้",
        "ผมเป็นวิศวกร AI และชอบหูฟังนี้",
        "ฉันไม่สามารถเปิดเครื่องได้",
        "ปากกานี้ ฉันไม่สามารถเขียนหนังสือได้",
        "ฉันไม่สามารถใช้งานได้เลย",
        "Es tut mir leid, dass ich so lange gewartet habe: ein großartiges Gerät.",
        "Leider kann ich den Rucksack nicht empfehlen, der Reißverschluss ist nach zwei Wochen kaputt.",
        "Entschuldigung an die Nachbarn: der Staubsauger ist wirklich laut.",
        "Ich kann diese Kopfhörer nicht mehr hergeben, so gut sind sie.",
        "Leider kann ich ihn nicht zurückgeben, die Frist ist vorbei.",
        "Ich kann dem Händler nicht helfen, wenn er nicht antwortet.",
        "很抱歉,我不能推荐这款耳机,两周就坏了。",
        "抱歉我来晚了,评论现在才写,水壶非常好用。",
        "对不起,我实在忍不了这个噪音。",
        "我无法忍受这个味道,退货了。",
        "客服说很抱歉,可我还是没收到退款。",
        "抱歉,我无法提供照片,东西已经退了。",
        "申し訳ありませんが、この商品はおすすめできません。",
        "店員さんに「申し訳ありません」と言われましたが、対応は早かったです。",
        "すみませんが、もう二度と買いません。",
        "申し訳ないけれど、この傘はすぐに壊れました。",
        "すみません、写真を撮り忘れましたが色はきれいです。",
        "店の人は「その商品は申し訳ありませんが在庫がありません」と言った。",
        "آسف، لا أستطيع أن أنصح بهذه السماعات، تعطلت بعد أسبوع.",
        "للأسف لا يمكنني إرجاعها بعد انتهاء المهلة.",
        "اعتذر البائع عن التأخير وكانت المكنسة ممتازة.",
        "لا أستطيع الاستغناء عن هذه الغلاية.",
        "عذرا للجيران، فالمكنسة مزعجة.",
        "माफ़ कीजिए, पर मैं यह छाता किसी को नहीं सुझा सकता।",
        "मैं इस केतली के बिना नहीं रह सकती।",
        "दुकानदार ने क्षमा मांगी और पैसे लौटा दिए।",
        "खेद है कि मैंने इसे खरीदा।",
        "मैं इसे वापस नहीं कर सकता, समय निकल गया।",
        "ขอโทษนะ แต่ฉันแนะนำหูฟังนี้ไม่ได้จริงๆ",
        "ฉันไม่สามารถทนเสียงดังของมันได้",
        "ร้านขออภัยและคืนเงินให้ทันที",
        "ขออภัยเพื่อนบ้านด้วย เครื่องดูดฝุ่นเสียงดังมาก",
        "เสียดายที่คืนของไม่ได้แล้ว",
        "Ich kann Ihnen dabei helfen.",
        "Es tut mir leid, ich kann Ihnen gerne weiterhelfen.",
    ],
)
def test_reviewers_in_other_languages_may_be_sorry_or_unable(text):
    assert not is_refusal(text)
