"""Stock phrases of medical questions, and synonyms: words whose exchange or addition changes nothing that is asked."""

from ultramed.curation.spelling import folded
from ultramed.curation.vocabulary import listed

STOCK = listed(  # neither a finding nor a task of their own
    # who it is about, who asks, and where
    "patient patients person persons individual individuals subject subjects man men woman women boy boys girl "
    "girls male males female females gentleman lady guy kid year years old yr yrs y o yo aged age elderly physician "
    "physicians clinician clinicians practitioner provider providers gp medic professional hospital clinic clinics "
    "office ward department room er ed facility setting practice outpatient inpatient attending resident team "
    "healthcare "
    # how they come, what is told
    "present presents presented presenting presentation presentations come comes came coming bring brings brought "
    "visit visits visited visiting arrive arrives arrived arrival seen see sees seeing seek seeks sought attend "
    "attends attended attention consult consults consulted consultation complain complains complained complaining "
    "complaint complaints report reports reported reporting describe describes described describing state states "
    "stated say says said tell tells told mention mentions mentioned note notes noted noting notable notice notices "
    "noticed noticing endorse endorses endorsed admit admits admitted admission experience experiences experienced "
    "experiencing suffer suffers suffered suffering feel feels felt feeling exhibit exhibits exhibited exhibiting "
    "manifest manifests manifested display displays displayed undergo undergoes underwent undergone undergoing "
    "remain remains remained appear appears appeared seem seems seemed become becomes became develop develops "
    "developed developing occur occurs occurred occurring happen happens happened show shows showed shown showing "
    "reveal reveals revealed revealing demonstrate demonstrates demonstrated demonstrating find finds found finding "
    "findings result results resulting resulted obtain obtained observe observes observed observation detect "
    "detected identify identifies identified identifying evident evidence apparent remarkable "
    # history, examination, tests in general
    "history past previous previously prior earlier former formerly known background record records examination "
    "examine examined examining exam exams physical workup evaluate evaluated evaluation evaluating assess assessed "
    "assessment assessing check checked checks inspect test tests tested testing laboratory lab labs study studies "
    "investigation investigations analysis measure measures measured measurement measurements value values level "
    "levels reading parameter parameters sign signs symptom symptoms manifestation manifestations feature features "
    # stock questions
    "likely likeliest probable probably possible possibly best appropriate suitable optimal ideal correct correctly "
    "proper accurate accurately true choice choices next step steps management manage managed managing approach "
    "treatment treatments treat treated treating therapy therapies therapeutic cause causes caused causing reason "
    "reasons etiology origin source explanation explain explains explained explaining account accounts responsible "
    "underlying underlies mechanism diagnosis diagnoses diagnose diagnosed diagnostic condition conditions disorder "
    "disorders disease diseases illness illnesses ailment problem problems issue issues medication medications drug "
    "drugs medicine medicines agent agents associated association related relation consistent characterise "
    "characterised characteristic typical typically usual usually common commonly "
    # what introduces a task
    "consider considering considered consideration carefully careful read review reviewed reviewing case cases "
    "scenario vignette clinical clinically medical question questions answer answers answering choose chooses "
    "choosing chosen select selects selected selecting selection pick picking single option options alternative "
    "alternatives statement statements below above give given gives giving base based basis information provided "
    "provide provides detail details detailed data think thinking thought thoughts reasoning use uses used using "
    "utilise utilised knowledge understanding determine determines determined decide decides deciding decision "
    "conclude conclusion name named naming list listed accordance according respect regarding concerning context "
    "light ensure remember recall keep mind well indicate task exercise situation circumstances various multiple "
    "attentively thoroughly thorough closely systematic systematically judgement judgment expert advise recommend "
    "recommended recommendation refer refers referring respond response reply expected expect expects assume "
    "assuming suppose supposing imagine hypothetical real world encounter encounters encountered encountering "
    # time, degree, and joints
    "approximately around roughly nearly almost circa estimated due because owing since begin begins began begun "
    "beginning start starts started starting commence commences commenced initiate initiated initiates initially "
    "onset ago duration period time times while within currently current presently now today recently recent lately "
    "newly meanwhile moment then also additionally furthermore moreover however therefore thus hence consequently "
    "subsequently thereafter several many numerous few some any couple lot lots plenty very quite really extremely "
    "highly rather fairly somewhat just simply get gets getting got make makes made making take takes took taken "
    "taking go goes going went gone put puts want wants need needs needed require requires required requiring help "
    "helps try tries tried trying able unable let lets set sets way ways kind kinds type types sort thing things "
    "part parts fact both each every either other others another otherwise else same similar own different "
    "particular particularly specific specifically certain especially including include includes included such "
    "suspect suspects suspected suspicion believe believed concern concerned concerns worried together along "
    "accompany accompanied accompanying follow follows following followed involve involves involved involving main "
    "mainly major overall general generally actual actually indeed still yet again between through throughout "
    "during until per across against amid among amongst off out up down over under it's that's let's subsequent "
    "respectively whose whom versus vs etc eg ie ok okay nb please kindly thank thanks before only all whole entire "
    "complete everyday care one more less much most least contained description text passage final life "
)
_SAME = (  # the first form stands for the others
    "abdomen belly tummy stomach", "dyspnea breathlessness breathless", "emesis vomiting vomit vomits vomited",
    "pyrexia fever febrile fevers", "pruritus itching itch itchy itches", "edema swelling swollen oedema",
    "fatigue tiredness tired fatigued exhaustion exhausted", "syncope fainting faint fainted faints",
    "headache headaches cephalgia", "cough coughing coughs coughed", "pain painful pains ache aches aching",
    "trouble difficulty difficulties problems", "severe serious", "mild slight slightly mildly",
    "quickly rapidly rapid fast quick swiftly", "slowly gradually gradual slow", "suddenly abruptly sudden abrupt",
    "elevated raised", "reduced decreased lowered diminished", "child children", "infant baby babies infants",
    "mother mom mum", "father dad", "alcohol ethanol drinking drinks drink",
    "smoke smokes smoking smoked smoker cigarettes cigarette", "surgery operation surgical operative",
    "lesion lesions", "tumor neoplasm tumors neoplasms", "kidney renal kidneys", "liver hepatic", "heart cardiac",
    "lung pulmonary lungs", "brain cerebral", "skin cutaneous", "hypertension hypertensive",
    "weakness weak weakened", "numbness numb", "nausea nauseous nauseated", "daily everyday",
    "normal unremarkable normally", "prescribe prescribed prescribes order orders ordered",
    "improve improves improved better improvement", "worsen worsens worsened worsening worse",
    "die died dies death deceased", "intermittent intermittently occasional occasionally sometimes episodic",
    "constant constantly continuous continuously persistent persistently", "increase increased increases increasing",
    "image imaging images", "radiograph xray radiography radiographs",
    "electrocardiogram ecg ekg electrocardiography", "injury trauma injuries wound wounds traumatic",
    "eat eating eats food meal meals", "sleep sleeping asleep", "walk walking ambulation ambulating",
    "lose loses lost loss losing", "live lives living resides", "job work works working employed occupation",
    "small tiny little minor", "large big", "entire whole complete completely entirely",
    "stop stopped stops discontinue discontinued cease ceased", "continue continues continued",
    "administer administered receives received receive receiving", "contain contains containing",
    "affect affects affected affecting", "buildup accumulation", "deny denies denied", "allow allows permit",
    "avoid avoids avoided",
)
SYNONYMS = {folded(word): folded(group.split()[0]) for group in _SAME for word in group.split()}
PHRASES = {  # several words for one
    tuple(phrase.split()): word for phrase, word in {
        "shortness of breath": "dyspnea", "short of breath": "dyspnea", "difficulty breathing": "dyspnea",
        "trouble breathing": "dyspnea", "difficulty in breathing": "dyspnea", "high blood pressure": "hypertension",
        "elevated blood pressure": "hypertension", "heart attack": "mi", "myocardial infarction": "mi",
        "blood pressure": "bp", "heart rate": "pulse", "pulse rate": "pulse", "respiratory rate": "rr",
        "respirations": "rr", "throwing up": "emesis", "passed out": "syncope", "loss of consciousness": "syncope",
        "high temperature": "pyrexia", "emergency department": "er", "emergency room": "er", "x ray": "radiograph",
        "work up": "workup", "past medical history": "history", "high blood sugar": "hyperglycemia",
        "blood sugar": "glucose", "blood glucose": "glucose", "sugar diabetes": "diabetes", "feeling sick": "nausea",
        "on a daily basis": "daily", "every day": "daily", "each day": "daily", "in spite of": "despite",
        "a number of": "several", "in order to": "to", "family doctor": "physician",
        "general practitioner": "physician", "primary care": "clinic", "urgent care": "clinic",
        "otherwise healthy": "healthy", "previously healthy": "healthy", "runny nose": "rhinorrhea",
        "joint pain": "arthralgia", "muscle pain": "myalgia", "stroke": "cva", "cerebrovascular accident": "cva",
        "heart failure": "chf", "congestive heart failure": "chf",
    }.items()
}
