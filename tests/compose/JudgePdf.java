import java.io.File;
import java.util.TreeSet;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;

/** Prints the rules that PDF files break, one a line: standard, file, clause and number of the rule. */
public class JudgePdf {
    public static void main(String[] arguments) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        for (String standard : arguments[0].split(",")) {
            for (int place = 1; place < arguments.length; place++) {
                judge(PDFAFlavour.valueOf(standard), arguments[place]);
            }
        }
    }

    private static void judge(PDFAFlavour standard, String file) throws Exception {
        TreeSet<String> broken = new TreeSet<>();
        try (PDFAParser parser = Foundries.defaultInstance().createParser(new File(file), standard);
                PDFAValidator validator = Foundries.defaultInstance().createValidator(standard, 1000, false, false, false)) {
            for (TestAssertion each : validator.validate(parser).getTestAssertions()) {
                if (each.getStatus() == TestAssertion.Status.FAILED) {
                    broken.add(each.getRuleId().getClause() + " " + each.getRuleId().getTestNumber());
                }
            }
        }
        System.out.println(standard.name() + "\t" + file + "\t" + String.join(", ", broken));
    }
}
