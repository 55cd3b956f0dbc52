"""What is asked: made-up questions, about as long as those of an exam."""

_CASE = (
    "Case {number}: a {age}-year-old presents to the emergency department with fever, a productive cough and pain on "
    "deep breathing that began two days after an operation on the hip. Breath sounds are diminished over the right "
    "lower lung, and the white cell count is raised. Which of the following is the most likely explanation?"
    "\n\nA. Pulmonary embolism\nB. Pneumonia\nC. Atelectasis\nD. Pericarditis"
)


def question(number: int) -> str:
    return _CASE.format(number=number, age=20 + number % 60)
