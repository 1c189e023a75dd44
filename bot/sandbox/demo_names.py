# ruff: noqa: RUF001 - names in many scripts look like each other
"""Names, towns and signatures of the demo data, in ten scripts."""

from typing import NamedTuple


class Locale(NamedTuple):
    """Names in one script, each as `account=Name`, with `_` for a space."""

    language: int
    towns: str
    signatures: tuple[str, ...]
    women: str
    men: str


LOCALES = (
    Locale(
        1,
        "Berlin Lyon Porto Leeds Turin",
        ("gone fishing", "coffee first", "ask me about bees", "Zürich ↔ Genève"),
        "ana_silva=Ana_Silva zoe=Zoë_Müller chloe=Chloé_Durand ingrid=Ingrid_Ås marta=Marta_Kowalska",
        "dave=Dave_O’Neil erik=Erik_Sørensen jose=José_Núñez luca=Luca_Bianchi tom_h=Tom_Hart",
    ),
    Locale(
        2,
        "深圳 上海 成都 台北",
        ("在路上", "今天也要加油", "少即是多", "猫比人可靠"),
        "zhang_li=张丽 wang_fang=王芳 chen_jing=陈静 liu_yang=刘洋 lin_yating=林雅婷",
        "li_wei=李伟 zhao_lei=赵磊 sun_hao=孙浩 zhou_jie=周杰 xu_ming=徐明",
    ),
    Locale(
        3,
        "東京 大阪 札幌",
        ("のんびり行こう", "ラーメン巡り", "写真と山"),
        "sakura=佐藤さくら yuki=鈴木ゆき hana=高橋花 aoi=田中葵",
        "haruto=伊藤陽翔 ren=渡辺蓮 sota=山本颯太 kaito=中村カイト",
    ),
    Locale(
        4,
        "서울 부산 인천",
        ("오늘도 화이팅", "커피 한 잔", "천천히 꾸준히"),
        "minji=김민지 seoyeon=이서연 jiwoo=박지우 hayun=최하윤",
        "minjun=정민준 seojun=강서준 dohyun=조도현 jiho=윤지호",
    ),
    Locale(
        5,
        "دبي القاهرة عمان",
        ("الصبر مفتاح الفرج", "قهوة ثم كلام", "على سفر"),
        "fatima=فاطمة_الزهراء layla=ليلى_حداد noor=نور_صالح mariam=مريم_خليل",
        "omar=عمر_فاروق youssef=يوسف_منصور khalid=خالد_ناصر hassan=حسن_عباس",
    ),
    Locale(
        6,
        "Москва Казань София",
        ("в пути", "тише едешь — дальше будешь", "чай с лимоном"),
        "anna_i=Анна_Иванова olga=Ольга_Смирнова daria=Дарья_Коваль mila=Мила_Петрова",
        "ivan=Иван_Соколов dmitri=Дмитрий_Орлов pavel=Павел_Новак taras=Тарас_Шевчук",
    ),
    Locale(
        7,
        "पुणे गोवा",
        ("धीरे धीरे रे मना", "चाय पर चर्चा", "चलते रहो"),
        "priya=प्रिया_शर्मा ananya=अनन्या_सिंह diya=दिया_पटेल",
        "arjun=अर्जुन_मेहता rohan=रोहन_गुप्ता vivaan=विवान_जोशी",
    ),
    Locale(
        8,
        "Αθήνα Πάτρα",
        ("σιγά σιγά", "θάλασσα και ήλιος"),
        "eleni=Ελένη_Παππά sofia_g=Σοφία_Νικολάου",
        "nikos=Νίκος_Γεωργίου giorgos=Γιώργος_Δήμου",
    ),
    Locale(
        9,
        "חיפה יפו",
        ("לאט לאט", "קפה על הים"),
        "tamar=תמר_כהן noa=נועה_לוי",
        "david_m=דוד_מזרחי itai=איתי_פרץ",
    ),
    Locale(
        10,
        "ตรัง น่าน",
        ("ใจเย็นๆ", "กินข้าวหรือยัง"),
        "malee=มาลี_สุขใจ ploy=พลอย_ทองดี",
        "somchai=สมชาย_ใจดี niran=นิรันดร์_แสงทอง",
    ),
)
"""All locales; each town fits the vendor's 16 bytes."""
FIRST_NAMES = (
    "Ada Grace Linus Margaret Edsger Barbara Alan Radia Donald Frances Ken Hedy Dennis Katherine Tim Joan"
    " Niklaus Karen John Evelyn Sophie Adele Guido Jean Vint"
)
"""First names of the series."""
