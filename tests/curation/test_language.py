"""Short questions: foreign ones go, English ones full of Latin, Greek and French stay."""

import pytest

from ultramed.curation.dirt.language import is_english

FOREIGN = """
Qué es la gota?
Que es la gota
Sintomas de la diabetes
Cuales son los sintomas del dengue
Tratamiento de la gota aguda
Dolor de cabeza fuerte desde ayer
Tengo fiebre y tos
Wie behandelt man Gicht?
Symptome einer Lungenentzündung
Was hilft gegen Kopfschmerzen
Welche Nebenwirkungen hat Ibuprofen?
Darf ich Paracetamol in der Schwangerschaft nehmen?
Ist Masern ansteckend?
Ursachen von Bluthochdruck
Quels sont les symptômes du diabète?
Mal à la tête depuis hier
Traitement de la goutte
Effets secondaires du paracétamol
Est-ce que la grippe est contagieuse?
Cos'è la polmonite?
Quali sono i sintomi dell'influenza?
Mal di testa da due giorni
Come si cura la gotta?
Effetti collaterali dell'ibuprofene
Quais são os sintomas da dengue?
Sintomas de pneumonia em adultos
Como tratar a gota?
Dor de cabeça forte
O que é hipertensão?
mujhe bukhar hai kya karu
pet dard ka ilaj batao
sugar ki bimari kaise hoti hai
mere bacche ko 3 din se khansi hai
kya paracetamol safe hai pregnancy mein
bukhar me kaunsi dawa lein
dengue ke lakshan kya hai
BP high hai kya kare
Wat zijn de symptomen van griep?
Hoe behandel je jicht?
Vad är symtomen på diabetes?
Hvad er symptomerne på influenza?
Hva er behandlingen for gikt?
Jakie są objawy cukrzycy?
Ból głowy od wczoraj
Co to jest nadciśnienie?
Jaké jsou příznaky chřipky?
Bagaimana cara mengobati demam berdarah?
Apa gejala diabetes?
Baş ağrısına ne iyi gelir?
Diyabet belirtileri nelerdir
Ano ang gamot sa lagnat?
Care sunt simptomele gripei?
Mikä auttaa päänsärkyyn?
Mi a teendő magas láz esetén?
DOLOR EN EL PECHO Y FALTA DE AIRE
Triệu chứng của bệnh tiểu đường là gì?
Cómo bajar la fiebre de un bebé
Was tun bei Nasenbluten?
Pourquoi ai-je mal au ventre?
Come abbassare la febbre alta?
Como baixar a pressão arterial?
pet me gas ho to kya khaye
""".strip().splitlines()
ENGLISH = """
Bitot's spots are seen in
Vitamin D deficiency rickets radiology
Tennis elbow lateral epicondylitis
Musculus sternocleidomastoideus innervation
Treatment of status epilepticus
All are true except
Kaposi sarcoma caused by
Pott's puffy tumor
Rectus abdominis muscle origin insertion
Metformin side effects
Café au lait spots
levothyroxine sodium dosage
Cri du chat syndrome deletion
Torsades de pointes drug of choice
Peau d'orange appearance breast
Extensor carpi radialis longus insertion
Flexor digitorum profundus nerve supply
Staphylococcus aureus vs Staphylococcus epidermidis
Plasmodium falciparum, vivax, ovale, malariae
Ductus arteriosus Botalli closure
Taenia solium vs saginata
Lichen planus oral mucosa biopsy
Acanthosis nigricans associations
Dose amoxicillin otitis media child
Ligamentum teres hepatis remnant
Linea alba, linea semilunaris, linea arcuata
Vena cava superior obstruction signs
Amoxicillin clavulanate suspension dosage pediatric
Candida albicans germ tube
Erythema nodosum etiology
Foramen ovale contents
Tinea versicolor treatment ketoconazole
Molluscum contagiosum child
Placenta previa vs abruptio placentae
Pseudomonas aeruginosa ciprofloxacin resistance
Hyperemesis gravidarum first line
Tabes dorsalis gait
Levator ani muscle innervation
Nucleus pulposus herniation L5 S1
Corpus luteum progesterone secretion
Mycobacterium leprae culture
Sodium valproate teratogenicity spina bifida
Gilles de la Tourette haloperidol
Mallory-Weiss tear endoscopy
Guillain-Barre plasmapheresis IVIG
Henoch-Schonlein purpura IgA
Chronic obstructive pulmonary disease exacerbation steroids
Pes planus pes cavus
Trousseau sign hypocalcemia
Dupuytren contracture collagenase
Fallot tetralogy boot-shaped heart
Kwashiorkor marasmus differences
Status post TURP hyponatremia
Am i contagious?
Whats menigitis?
Will Xyzal work?
Atropine, neostigmine, pralidoxime mechanism
Brown-Sequard hemisection contralateral
Xeroderma pigmentosum inheritance
Hallux valgus bunionectomy complications
Ethambutol rifampicin pyrazinamide isoniazid hepatotoxicity
Os trigonum, os peroneum, os naviculare
Naegleria fowleri amphotericin
Enterobius vermicularis ova
Erlenmeyer flask deformity
Sarcoidosis bilateral hilar lymphadenopathy
Zollinger Ellison gastrinoma localization
Basalioma, spinalioma, melanoma
Paget disease alendronate
Asthma inhaler technique?
Is MI pain always central?
Normal serum Na and K values
De Quervain tenosynovitis thumb spica
Des gene expression in DES exposed daughters
Le Fort II fracture line
""".strip().splitlines()


@pytest.mark.parametrize("question", FOREIGN)
def test_foreign(question: str) -> None:
    assert not is_english(question)[0]


@pytest.mark.parametrize("question", ENGLISH)
def test_english(question: str) -> None:
    assert is_english(question) == (True, "")


def test_reasons_tell_the_figures() -> None:
    assert is_english("Quién tiene gota?")[1] == "2 foreign words against 0 English ones among 3 words"
    assert "letters speak for 'pl'" in is_english("Zapalenie ucha środkowego leczenie domowe")[1]
