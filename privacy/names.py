"""Common given names and surnames, written down by hand from many countries: a prior, not a list of persons."""

from __future__ import annotations

from typing import Final

GIVEN: Final = frozenset(
    """
    aaron abdul abdullah abigail adam adrian agnes ahmed aisha akira alan albert alejandro alex alexander alexandra
    alexis alice alicia alina alison allison amanda amber amelia amir amit amy ana andre andrea andreas andrew andy
    angel angela anil anita anjali ann anna anne annie anthony antonio anya april ariana arjun arthur arun asha ashley
    asif audrey austin ava ayesha barbara beatrice becky ben benjamin bernard beth betty beverly bilal bill billy bob
    bonnie boris brad bradley brandon brenda brendan brian brianna bridget brittany bruce bryan caitlin caleb calvin
    cameron camila carl carla carlos carmen carol caroline carolyn casey catherine cathy cecilia charles charlie
    charlotte chen cheryl chloe chris christian christina christine christopher cindy claire clara clark claudia cody
    colin connie connor courtney craig crystal curtis cynthia daisy dale dan daniel daniela danielle danny darren dave
    david dawn dean deborah debra deepak dennis derek diana diane diego dimitri dmitri dominic don donald donna doris
    dorothy doug douglas dylan eddie edgar edith edward edwin eileen elaine elena eleanor eli elias elijah elizabeth
    ella ellen ellie emily emma eric erica erik erin ernest esther ethan eugene eva evan evelyn farah fatima felix
    fernando fiona florence frances francesca francis francisco frank franklin fred frederick gabriel gabriela gareth
    gary gavin gemma geoffrey george gerald gina gita giovanni giulia glenn gloria gordon grace graham greg gregory
    gwen hannah harold harry harvey hassan heather hector heidi helen helena henry herbert hiroshi holly howard hugo
    ian ibrahim imran ingrid irene iris isaac isabel isabella ivan jack jackie jackson jacob jacqueline jade jaime jake
    jamal james jamie jan jane janet janice jared jasmine jason javier jay jayden jean jeff jeffrey jenna jennifer
    jenny jeremy jerome jerry jesse jessica jill jim jimmy joan joanna joanne joe joel johan john johnny jon jonathan
    jordan jorge jose josef joseph josh joshua joyce juan juanita judith judy julia julian julie juliet june justin
    kaitlyn karen karim karl kate katherine kathleen kathryn kathy katie kavita kayla keith kelly ken kenji kenneth
    kevin khalid kim kimberly kiran klaus krishna kristen kristin kumar kyle lakshmi lars laura lauren laurie lawrence
    leah lee leila lena leo leon leonard leslie liam lily linda lindsay lisa liz logan lois lorenzo lori louis louise
    luca lucas lucia lucy luis luke lydia lynn madison maggie malik manuel marc marco marcus margaret maria marie
    marilyn mario marion marjorie mark marta martha martin marvin mary mateo matt matthew maureen max maya megan mehdi
    mei melanie melissa mercedes mia michael michele michelle miguel mike mina ming miranda mitchell mohamed mohammad
    mohammed mohan molly monica morgan muhammad nadia nancy naomi natalia natalie natasha nathan neha neil nicholas
    nick nicola nicole nikhil nikita nina noah noel nora norman olga oliver olivia omar oscar pablo pam pamela patricia
    patrick paul paula pauline pedro peggy penny peter phil philip phillip phyllis pierre pooja prakash priya rachel
    rafael rahul raj rajesh ralph ramesh randy raquel ravi ray raymond rebecca regina rene ricardo richard rick ricky
    riley rita robert roberto robin rodney roger roland ronald ronnie rosa rosemary ross roy ruby russell ruth ryan
    sabrina sadie sally sam samantha samir samuel sandeep sandra sanjay sara sarah scott sean sebastian sergio seth
    shane shannon sharon shaun shawn sheila shirley sidney simon sofia sonia sophia sophie stacy stanley stefan
    stella stephanie stephen steve steven stuart sue sunil suresh susan suzanne sven sylvia takashi tamara tanya tara
    tariq tatiana ted teresa terry theodore theresa thomas tiffany tim timothy tina todd tom tommy tony tracy travis
    trevor troy tyler valentina valerie vanessa veronica vicki victor victoria vijay vikram vincent virginia vivian
    vladimir walter wanda warren wayne wei wendy wesley william winston xavier yasmin yolanda yuki yusuf yvonne zachary
    zainab zoe
    """.split()  # noqa: SIM905  # five hundred quotation marks would not read better
)
SURNAMES: Final = frozenset(
    """
    adams ahmed alexander ali allen alvarez anderson andersson bailey baker barnes begum bell bennett bianchi brooks
    brown bryant butler campbell carter castillo chan chang chavez chen cheng chopra choi clark coleman collins cook
    cooper cox cruz das davis delgado desai diaz dubois edwards evans fernandez ferrari fischer flores foster garcia
    gomez gonzales gonzalez gray green griffin gupta gutierrez hall hamilton hansen harris hayes henderson hernandez
    herrera hill ho howard huang hughes hussain ibrahim ivanov iyer jackson jain jansen jenkins jensen jimenez johansson
    johnson jones joshi kapoor kaur kelly khan kim king kowalski kumar kuznetsov larsen lee lewis li lim lin liu lopez
    martin martinez mehta mendoza meyer miller mitchell moore morales morgan morris mueller muller murphy myers nair
    nakamura nelson nguyen nielsen novak olsen ortiz park parker patel patil perez perry peterson petrov phillips pham
    powell price ramirez ramos rao reddy reed reyes richardson rivera roberts robinson rodriguez rogers romero rossi
    ross ruiz russell russo sanchez sanders santos sato schmidt schneider scott shah sharma silva simmons singh smirnov
    smith stewart sullivan suzuki takahashi tan tanaka taylor thomas thompson torres tran turner vargas vasquez verma
    virtanen wagner walker wang ward washington watanabe watson weber white williams wilson wong wood wright wu yadav
    yamamoto yang young zhang zhao zhou
    """.split()  # noqa: SIM905  # the same
)
